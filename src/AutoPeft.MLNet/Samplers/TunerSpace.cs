using AutoPeft.Randomness;
using AutoPeft.Spaces;
using Microsoft.ML.SearchSpace.Option;
using SearchSpace = AutoPeft.Spaces.SearchSpace;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Samplers;

/// <summary>
/// Our space as ML.NET's tuners search it: its unit cube, with our own rounding. Not by <see cref="Spaces.MLNetSpace"/>, whose int options
/// lose their upper end and values to rounding on the way through the tuners' unit cube, and whose choices cost a JSON conversion each time
/// that a tuner maps one (seconds for each ask of SMAC's) and let SMAC's local search, which also walks downhill, go round in circles:
/// every neighbour differs where there are choices alone. A coordinate for each parameter, for a subset one for each item, for one of a
/// single value none; the values of a list have equal shares of it, as a choice of ML.NET's has. An inactive parameter has the middle, as
/// in SMAC (Hutter et al. 2011, section 4.1), and what its coordinate says is not read.
/// </summary>
internal sealed class TunerSpace
{
    private readonly SearchSpace _space;
    private readonly (int Parameter, int Item, string Key)[] _axes;

    public TunerSpace(SearchSpace space)
    {
        _space = space;
        _axes = [.. Enumerable.Range(0, space.Count).Where(i => space.Parameters[i].Cardinality != 1)
            .SelectMany(i => Enumerable.Range(0, space.Parameters[i] is SubsetParameter s ? s.Items.Length : 1).Select(item => (i, item)))
            .Select((a, n) => (a.i, a.item, $"a{n:00000}"))];
        Theirs = [];
        foreach ((_, _, string key) in _axes) Theirs.Add(key, new UniformDoubleOption(0, 1, false, 0.5));
    }

    /// <summary>What a tuner is given. It has no options where every parameter has one value.</summary>
    public TheirSpace Theirs { get; }

    /// <summary>The tuner's point for a configuration; a new object each time.</summary>
    public TheirParameter Encode(Configuration configuration)
    {
        var point = TheirParameter.CreateNestedParameter();
        foreach ((int i, int item, string key) in _axes)
        {
            double code = configuration.Codes[i];
            point[key] = TheirParameter.FromDouble(double.IsNaN(code) ? 0.5 : ShareOf(_space.Parameters[i], item, code));
        }
        return point;
    }

    /// <summary>
    /// The configuration of a tuner's point; hard constraints are not looked at. A subset of a size that is not allowed loses or gains
    /// random items.
    /// </summary>
    public Configuration Decode(TheirParameter point, Philox random)
    {
        var codes = new double[_space.Count];
        for (int i = 0; i < codes.Length; i++)
            if (_space.Parameters[i] is { Cardinality: 1 } fixedOne) codes[i] = fixedOne.CodeAt(0);
        foreach ((int i, int item, string key) in _axes)
        {
            Parameter p = _space.Parameters[i];
            double share = Math.Clamp(point[key].AsType<double>(), 0, 1);
            if (p is SubsetParameter) codes[i] += share >= 0.5 ? 1UL << item : 0;
            else codes[i] = p is FloatParameter ? p.FromUnit(share) : p.Quantile(share);
        }
        for (int i = 0; i < codes.Length; i++)
            if (_space.Parameters[i] is SubsetParameter { Cardinality: not 1 } s) codes[i] = Sized(s, (ulong)codes[i], random);
        return _space.FromCodes(codes);
    }

    /// <summary>The middle of the share of [0, 1] that <see cref="Parameter.Quantile"/> gives to a code.</summary>
    private static double ShareOf(Parameter p, int item, double code) => p switch
    {
        SubsetParameter => ((ulong)code >> item & 1) == 1 ? 0.75 : 0.25,
        FloatParameter => p.ToUnit(code),
        IntParameter { Log: true } n => (Math.Log(code) - Math.Log(n.Low - 0.5)) / (Math.Log(n.High + 0.5) - Math.Log(n.Low - 0.5)),
        _ => (p.IndexOf(code) + 0.5) / p.Cardinality!.Value,
    };

    private static double Sized(SubsetParameter s, ulong mask, Philox random)
    {
        for (int size = System.Numerics.BitOperations.PopCount(mask); size < s.MinSize || size > s.MaxSize;
            size = System.Numerics.BitOperations.PopCount(mask))
        {
            bool add = size < s.MinSize;
            int[] candidates = [.. Enumerable.Range(0, s.Items.Length).Where(k => (mask >> k & 1) == (add ? 0UL : 1UL))];
            mask ^= 1UL << candidates[random.NextInt(candidates.Length)];
        }
        return mask;
    }
}
