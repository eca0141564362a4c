using AutoPeft.Spaces;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// Embeds configurations in a Euclidean space in which a stationary kernel makes sense, so that one ARD kernel serves continuous, ordinal,
/// categorical, subset and conditional parameters alike and stays positive definite.
/// <list type="bullet">
/// <item>Float, int, ordinal, bool: its position on [0, 1] (log scales in the logarithm).</item>
/// <item>Categorical: one-hot by 1/√2, so that any two choices are at distance 1 (the ARD Hamming kernel).</item>
/// <item>Subset: one coordinate, and one length scale, per item.</item>
/// <item>A conditional numeric parameter: (cos u, sin u) on the unit circle where it is active and the origin where it is not (the arc
/// kernel: Swersky et al., "Raiders of the lost architecture", 2014). Two active values are as far apart as they are (within 4 %), and an
/// inactive one is at distance 1 from all of them.</item>
/// </list>
/// Features that share a group share a length scale. Immutable; thread-safe.
/// </summary>
internal sealed class FeatureMap
{
    private readonly int[] _offset;
    private readonly Embedding[] _kind;

    private enum Embedding : byte { Line, Arc, OneHot, Binary, Items, Fixed }

    public FeatureMap(SearchSpace space)
    {
        Space = space;
        _offset = new int[space.Count + 1];
        _kind = new Embedding[space.Count];
        IsNumeric = new bool[space.Count];
        IsRelaxed = new bool[space.Count];
        var groups = new List<int>();
        int group = 0;
        for (int i = 0; i < space.Count; i++)
        {
            Parameter p = space.Parameters[i];
            bool conditional = space.ParentOf(i) >= 0;
            _offset[i] = groups.Count;
            _kind[i] = p switch
            {
                { Cardinality: 1 } when !conditional => Embedding.Fixed,
                CategoricalParameter { Choices.Length: 2 } when !conditional => Embedding.Binary,
                CategoricalParameter => Embedding.OneHot,
                SubsetParameter => Embedding.Items,
                _ => conditional ? Embedding.Arc : Embedding.Line,
            };
            IsNumeric[i] = p is not (CategoricalParameter or SubsetParameter);
            // Up to so many values are tried one by one; more are relaxed to the reals and rounded.
            IsRelaxed[i] = IsNumeric[i] && p.Cardinality is null or > 16;
            int width = p switch
            {
                _ when _kind[i] == Embedding.Fixed => 0,
                CategoricalParameter c when _kind[i] == Embedding.OneHot => c.Choices.Length,
                SubsetParameter s => s.Items.Length,
                _ => _kind[i] == Embedding.Arc ? 2 : 1,
            };
            for (int f = 0; f < width; f++) groups.Add(_kind[i] == Embedding.Items ? group + f : group);
            group += _kind[i] == Embedding.Items ? width : width > 0 ? 1 : 0;
        }
        _offset[^1] = groups.Count;
        Groups = [.. groups];
        GroupCount = group;
        HasChoices = space.Parameters.Any(p => p is CategoricalParameter or BoolParameter or SubsetParameter);
        GroupStarts = [.. Enumerable.Range(0, group + 1).Select(g => groups.TakeWhile(other => other < g).Count())];
    }

    /// <summary>The space that is embedded.</summary>
    public SearchSpace Space { get; }

    /// <summary>Number of features.</summary>
    public int Count => Groups.Length;

    /// <summary>Number of length scales.</summary>
    public int GroupCount { get; }

    /// <summary>First feature of every length scale, and their number: the features of a group are neighbours.</summary>
    public int[] GroupStarts { get; }

    /// <summary>Whether any parameter is a categorical, a switch or a subset.</summary>
    public bool HasChoices { get; }

    /// <summary>The length scale that each feature uses.</summary>
    public int[] Groups { get; }

    /// <summary>Whether a parameter is embedded by its position on [0, 1].</summary>
    public bool[] IsNumeric { get; }

    /// <summary>Whether a parameter is moved by gradients, as a real number, and rounded afterwards.</summary>
    public bool[] IsRelaxed { get; }

    /// <summary>Which features belong to relaxed parameters.</summary>
    public bool[] RelaxedFeatures()
    {
        var relaxed = new bool[Count];
        for (int i = 0; i < Space.Count; i++)
            if (IsRelaxed[i]) relaxed.AsSpan(_offset[i].._offset[i + 1]).Fill(true);
        return relaxed;
    }

    /// <summary>First feature of a parameter; that of the next one bounds it.</summary>
    public int OffsetOf(int parameter) => _offset[parameter];

    /// <summary>Positions on [0, 1] of the numeric parameters; NaN elsewhere and where inactive.</summary>
    public void ToUnits(ReadOnlySpan<double> codes, Span<double> units)
    {
        for (int i = 0; i < codes.Length; i++)
            units[i] = IsNumeric[i] && !double.IsNaN(codes[i]) ? Space.Parameters[i].ToUnit(codes[i]) : double.NaN;
    }

    /// <summary>
    /// Features of a point. Numeric parameters are read from <paramref name="units"/>, the others from <paramref name="codes"/>.
    /// </summary>
    public void Write(ReadOnlySpan<double> codes, ReadOnlySpan<double> units, Span<double> features)
    {
        for (int i = 0; i < codes.Length; i++) WriteOne(i, codes, units, features);
    }

    /// <summary>Features of one parameter of a point.</summary>
    public void WriteOne(int i, ReadOnlySpan<double> codes, ReadOnlySpan<double> units, Span<double> features)
    {
        int at = _offset[i];
        bool active = !double.IsNaN(codes[i]);
        switch (_kind[i])
        {
            case Embedding.Line:
                features[at] = units[i];
                break;
            case Embedding.Arc:
                features[at] = active ? Math.Cos(units[i]) : 0;
                features[at + 1] = active ? Math.Sin(units[i]) : 0;
                break;
            case Embedding.Binary:
                features[at] = codes[i];
                break;
            case Embedding.OneHot:
                features[at.._offset[i + 1]].Clear();
                if (active) features[at + (int)codes[i]] = 0.70710678118654757;
                break;
            case Embedding.Items:
                ulong mask = active ? (ulong)codes[i] : 0;
                for (int f = at; f < _offset[i + 1]; f++) features[f] = active ? mask >> (f - at) & 1 : 0.5;
                break;
        }
    }

    /// <summary>∂/∂unit of a numeric parameter, from the gradient by features.</summary>
    public double Chain(int i, ReadOnlySpan<double> units, ReadOnlySpan<double> featureGradient) => _kind[i] switch
    {
        Embedding.Line => featureGradient[_offset[i]],
        Embedding.Arc => -Math.Sin(units[i]) * featureGradient[_offset[i]] + Math.Cos(units[i]) * featureGradient[_offset[i] + 1],
        _ => 0,
    };

}
