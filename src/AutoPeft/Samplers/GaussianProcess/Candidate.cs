using AutoPeft.Spaces;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// A point that the acquisition is evaluated at: codes, positions on [0, 1] of numeric parameters (which may lie between values while
/// gradients move them), and features.
/// </summary>
internal sealed class Candidate
{
    private readonly FeatureMap _map;

    public Candidate(FeatureMap map)
    {
        _map = map;
        (Codes, Units, Features) = (new double[map.Space.Count], new double[map.Space.Count], new double[map.Count]);
    }

    public Candidate(FeatureMap map, Configuration configuration) : this(map) => Set(configuration);

    /// <summary>One per parameter; NaN where inactive.</summary>
    public double[] Codes { get; }

    /// <summary>One per parameter; NaN where inactive or not numeric.</summary>
    public double[] Units { get; }

    /// <summary>The embedding of the point.</summary>
    public double[] Features { get; }

    /// <summary>The acquisition's value, as far as it was set.</summary>
    public double Value { get; set; } = double.NegativeInfinity;

    /// <summary>The nearest configuration.</summary>
    public Configuration ToConfiguration() => _map.Space.FromCodes(Codes);

    /// <summary>Moves to a configuration.</summary>
    public void Set(Configuration configuration)
    {
        configuration.Codes.CopyTo(Codes);
        Refresh();
    }

    /// <summary>Moves to where another is.</summary>
    public void CopyFrom(Candidate other)
    {
        other.Codes.CopyTo(Codes, 0);
        other.Units.CopyTo(Units, 0);
        other.Features.CopyTo(Features, 0);
        Value = other.Value;
    }

    /// <summary>Positions and features from codes.</summary>
    public void Refresh()
    {
        _map.ToUnits(Codes, Units);
        _map.Write(Codes, Units, Features);
    }

    /// <summary>Sets the position of a relaxed parameter, between values if need be.</summary>
    public void SetUnit(int parameter, double unit)
    {
        Units[parameter] = unit;
        _map.WriteOne(parameter, Codes, Units, Features);
    }

    /// <summary>Sets the code of a parameter without children.</summary>
    public void SetCode(int parameter, double code)
    {
        Codes[parameter] = code;
        if (_map.IsNumeric[parameter]) Units[parameter] = _map.Space.Parameters[parameter].ToUnit(code);
        _map.WriteOne(parameter, Codes, Units, Features);
    }

    /// <summary>Puts relaxed parameters on values.</summary>
    public void Round()
    {
        for (int i = 0; i < Codes.Length; i++)
        {
            if (!_map.IsRelaxed[i] || double.IsNaN(Codes[i])) continue;
            Codes[i] = _map.Space.Parameters[i].FromUnit(Units[i]);
            Units[i] = _map.Space.Parameters[i].ToUnit(Codes[i]);
            _map.WriteOne(i, Codes, Units, Features);
        }
    }
}
