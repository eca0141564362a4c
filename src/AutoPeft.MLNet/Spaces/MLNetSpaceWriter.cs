using System.Collections.Immutable;
using System.Globalization;
using AutoPeft.Spaces;
using Microsoft.ML.SearchSpace.Option;
using SearchSpace = AutoPeft.Spaces.SearchSpace;
using TheirParameter = Microsoft.ML.SearchSpace.Parameter;
using TheirSpace = Microsoft.ML.SearchSpace.SearchSpace;

namespace AutoPeft.MLNet.Spaces;

/// <summary>Our search space as ML.NET's.</summary>
internal static class MLNetSpaceWriter
{
    // ML.NET's own limit of a choice option.
    private const int MostChoices = 1073;

    /// <summary>
    /// Their space, a leaf for each of our parameters, and where a search begins: the priors' modes, and else the middle of a range and the
    /// first of a list.
    /// </summary>
    public static (TheirSpace Space, List<MLNetLeaf> Leaves, Configuration Default) Write(SearchSpace space)
    {
        if (space.Constraints.FirstOrDefault() is { } constraint)
            throw new InvalidInputException($"The constraint '{constraint.Text}' has no counterpart in ML.NET, whose tuners would break "
                + $"it; search this space with a sampler of AutoPeft's, or leave the constraint out.");
        Configuration start = space.FromCodes([.. space.Parameters.Select(StartOf)]);
        var theirs = new TheirSpace();
        var leaves = new List<MLNetLeaf>();
        var names = space.Parameters.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        foreach (Parameter p in space.Parameters)
        {
            ImmutableArray<string> path = PathOf(p.Name, names);
            (OptionBase option, MLNetLeaf leaf) = Option(p, path, StartOf(p));
            TheirSpace node = theirs;
            foreach (string key in path.AsSpan()[..^1])
            {
                if (!node.TryGetValue(key, out OptionBase? nested)) node.Add(key, nested = new TheirSpace());
                node = (TheirSpace)nested;
            }
            node.Add(path[^1], option);
            leaves.Add(leaf);
        }
        return (theirs, leaves, start);
    }

    /// <summary>
    /// A dotted name is a path through nested spaces, unless a part of it is empty or a parameter of its own, or a subset, which is nested
    /// itself, would be on the way.
    /// </summary>
    private static ImmutableArray<string> PathOf(string name, HashSet<string> names)
    {
        string[] parts = name.Split('.');
        bool taken = parts.Any(string.IsNullOrWhiteSpace)
            || Enumerable.Range(1, parts.Length - 1).Any(k => names.Contains(string.Join('.', parts[..k])));
        return taken ? [name] : [.. parts];
    }

    private static double StartOf(Parameter p) => p.Prior switch
    {
        NormalPrior n when p is FloatParameter f => Math.Clamp(n.Mean, f.Low, f.High),
        NormalPrior => Enumerable.Range(0, 1001).Select(k => p.FromUnit(k / 1000.0)).MaxBy(c => PriorDensity.LogPrior(p, c)),
        WeightsPrior w => p.CodeAt(w.Weights.IndexOf(w.Weights.Max())),
        _ => p.IsOrdered ? p.FromUnit(0.5) : p.CodeAt(0),
    };

    private static (OptionBase, MLNetLeaf) Option(Parameter p, ImmutableArray<string> path, double start)
    {
        switch (p)
        {
            case SubsetParameter s when s.MinSize > 0 || s.MaxSize < s.Items.Length:
                throw new InvalidInputException(
                    $"Parameter '{p.Name}': ML.NET cannot bound the size of a subset ({p.Domain}); allow 0 to {s.Items.Length} members.");
            case SubsetParameter s:
                var items = new TheirSpace();
                foreach (string item in s.Items)
                    items.Add(item, new ChoiceOption([false, true], ((ulong)start >> s.Items.IndexOf(item) & 1) == 1));
                return (items, MLNetLeaf.Subset(s, path));
            case FloatParameter f when f.Low < f.High:
                return (new UniformDoubleOption(f.Low, f.High, f.Log, start), MLNetLeaf.Float(f, path, single: false));
            case IntParameter { Step: 1 } n when n.Low < n.High:
                if (n.Low < int.MinValue || n.High > int.MaxValue)
                    throw new InvalidInputException($"Parameter '{p.Name}': ML.NET's whole numbers have 32 bits; {p.Domain} has more.");
                return (new UniformIntOption((int)n.Low, (int)n.High, n.Log, (int)start), MLNetLeaf.Int(n, path));
            default:
                if (p.Cardinality > MostChoices)
                    throw new InvalidInputException(
                        $"Parameter '{p.Name}': ML.NET takes at most {MostChoices} choices, not {p.Cardinality}.");
                object[] values = [.. Enumerable.Range(0, (int)p.Cardinality!.Value).Select(i => ValueOf(p, i))];
                var choice = new ChoiceOption(values, values[p.IndexOf(start)]);
                return (choice, MLNetLeaf.Choice(p, path, choice.Choices));
        }
    }

    /// <summary>What a trial of ML.NET's reads: numbers as numbers, also where a categorical was declared with them.</summary>
    private static object ValueOf(Parameter p, int index) => p switch
    {
        CategoricalParameter { Literals.IsEmpty: false } c => c.Literals[index] switch
        {
            "true" => true,
            "false" => false,
            ['"', ..] or "null" => c.Choices[index],
            var number when int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) => whole,
            var number => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture),
        },
        _ => p.ToValue(p.CodeAt(index)),
    };
}
