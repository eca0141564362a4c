using AutoPeft.Randomness;
using AutoPeft.Spaces;
using Microsoft.ML.SearchSpace.Option;
using SearchSpace = AutoPeft.Spaces.SearchSpace;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Samplers;

/// <summary>
/// Our space as ML.NET's tuners search it. Not by <see cref="Spaces.MLNetSpace"/>: its int options lose their upper end and values to rounding on the way through the tuners' unit cube. Here ordered
/// parameters are the cube's coordinates themselves and we round; categoricals and bools are choices, subsets a choice for each item, and parameters of one value are left out. An inactive
/// parameter has the middle of its range, as in SMAC (Hutter et al. 2011, section 4.1), and what its coordinate says is not read.
/// </summary>
internal sealed class TunerSpace
{
    // ML.NET's limit of a choice option.
    private const int MostChoices = 1073;

    private readonly SearchSpace _space;
    private readonly (int Parameter, int Item, string Key)[] _axes;

    public TunerSpace(SearchSpace space)
    {
        _space = space;
        _axes = [.. Enumerable.Range(0, space.Count).Where(i => space.Parameters[i].Cardinality != 1)
            .SelectMany(i => Enumerable.Range(0, space.Parameters[i] is SubsetParameter s ? s.Items.Length : 1).Select(item => (i, item)))
            .Select((a, n) => (a.i, a.item, $"a{n:00000}"))];
        Theirs = [];
        foreach ((int i, _, string key) in _axes)
        {
            Parameter p = space.Parameters[i];
            Theirs.Add(key, Choices(p) is { } n
                ? new ChoiceOption([.. Enumerable.Range(0, n).Cast<object>()])
                : new UniformDoubleOption(0, 1, false, 0.5));
        }
    }

    /// <summary>What a tuner is given. It has no options where every parameter has one value.</summary>
    public TheirSpace Theirs { get; }

    /// <summary>The tuner's point for a configuration; a new object each time.</summary>
    public TheirParameter Encode(Configuration configuration)
    {
        var point = TheirParameter.CreateNestedParameter();
        foreach ((int i, int item, string key) in _axes)
        {
            Parameter p = _space.Parameters[i];
            double code = configuration.Codes[i];
            point[key] = Choices(p) is null ? TheirParameter.FromDouble(double.IsNaN(code) ? 0.5 : ShareOf(p, code))
                : TheirParameter.FromInt(double.IsNaN(code) ? 0 : p is SubsetParameter ? (int)((ulong)code >> item & 1) : (int)p.IndexOf(code));
        }
        return point;
    }

    /// <summary>The configuration of a tuner's point; hard constraints are not looked at. A subset of a size that is not allowed loses or gains random items.</summary>
    public Configuration Decode(TheirParameter point, Philox random)
    {
        var codes = new double[_space.Count];
        for (int i = 0; i < codes.Length; i++)
            if (_space.Parameters[i] is { Cardinality: 1 } fixedOne) codes[i] = fixedOne.CodeAt(0);
        foreach ((int i, int item, string key) in _axes)
        {
            Parameter p = _space.Parameters[i];
            if (p is SubsetParameter) codes[i] += point[key].AsType<int>() == 1 ? 1UL << item : 0;
            else codes[i] = Choices(p) is null ? p is FloatParameter ? p.FromUnit(point[key].AsType<double>()) : p.Quantile(Math.Clamp(point[key].AsType<double>(), 0, 1)) : p.CodeAt(point[key].AsType<int>());
        }
        for (int i = 0; i < codes.Length; i++)
            if (_space.Parameters[i] is SubsetParameter { Cardinality: not 1 } s) codes[i] = Sized(s, (ulong)codes[i], random);
        return _space.FromCodes(codes);
    }

    /// <summary>The middle of the share of [0, 1] that <see cref="Parameter.Quantile"/> gives to a code.</summary>
    private static double ShareOf(Parameter p, double code) => p switch
    {
        FloatParameter => p.ToUnit(code),
        IntParameter { Log: true } n => (Math.Log(code) - Math.Log(n.Low - 0.5)) / (Math.Log(n.High + 0.5) - Math.Log(n.Low - 0.5)),
        _ => (p.IndexOf(code) + 0.5) / p.Cardinality!.Value,
    };

    private static int? Choices(Parameter p) => p switch
    {
        SubsetParameter or BoolParameter => 2,
        CategoricalParameter { Cardinality: <= MostChoices } c => c.Choices.Length,
        _ => null,
    };

    private static double Sized(SubsetParameter s, ulong mask, Philox random)
    {
        for (int size = System.Numerics.BitOperations.PopCount(mask); size < s.MinSize || size > s.MaxSize; size = System.Numerics.BitOperations.PopCount(mask))
        {
            bool add = size < s.MinSize;
            int[] candidates = [.. Enumerable.Range(0, s.Items.Length).Where(k => (mask >> k & 1) == (add ? 0UL : 1UL))];
            mask ^= 1UL << candidates[random.NextInt(candidates.Length)];
        }
        return mask;
    }
}
