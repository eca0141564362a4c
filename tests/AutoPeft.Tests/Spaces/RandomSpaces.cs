using AutoPeft.Randomness;
using AutoPeft.Spaces;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests.Spaces;

/// <summary>Random spaces of all kinds of parameters with trees of conditions.</summary>
internal static class RandomSpaces
{
    /// <summary>Checks a property over random spaces; a failure prints the seed and the space's JSON.</summary>
    public static void ForAll(Action<SearchSpace, Philox> property, bool finite = false, int tests = 200) =>
        Prop.ForAll(ArbMap.Default.ArbFor<uint>(), (uint seed) =>
        {
            var random = new Philox(seed, 77);
            SearchSpace space = Make(random, finite);
            try { property(space, random); }
            catch (Exception e) { throw new InvalidOperationException($"seed {seed}: {SpaceJson.ToText(space)}", e); }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(tests).WithEndSize(int.MaxValue));

    public static SearchSpace Make(Philox random, bool finite)
    {
        int count = 1 + random.NextInt(finite ? 5 : 8);
        var parameters = new List<Parameter>();
        for (int i = 0; i < count; i++)
        {
            Parameter p = MakeParameter($"p{i}", random, finite);
            Parameter[] parents = [.. parameters.Where(q => q.Cardinality is <= 50)];
            if (parents.Length > 0 && random.NextInt(2) == 0)
            {
                Parameter parent = parents[random.NextInt(parents.Length)];
                long[] all = [.. Enumerable.Range(0, (int)parent.Cardinality!.Value).Select(v => (long)v)];
                random.Shuffle<long>(all);
                p = p with
                {
                    When = new Condition(parent.Name,
                    [.. all.Take(1 + random.NextInt(all.Length)).Select(v => parent.ToValue(parent.CodeAt(v)))])
                };
            }
            if (random.NextInt(4) == 0) p = p with { Prior = MakePrior(p, random) };
            parameters.Add(p);
        }
        // Children may be declared before their parents.
        Parameter[] shuffled = [.. parameters];
        random.Shuffle<Parameter>(shuffled);
        return new SearchSpace(shuffled);
    }

    public static Parameter MakeParameter(string name, Philox random, bool finite)
    {
        switch (random.NextInt(finite ? 6 : 8))
        {
            case 0: return new BoolParameter(name);
            case 1:
                return new CategoricalParameter(name,
                    Enumerable.Range(0, 1 + random.NextInt(4)).Select(k => k == 0 ? "a \"quoted\" 'näme'" : $"c{k}"));
            case 2: return new OrdinalParameter(name, Ordinals(random));
            case 3: return Subset(name, 1 + random.NextInt(4), random);
            case 4:
                long low = random.NextInt(20) - 10;
                return new IntParameter(name, low, low + random.NextInt(12), step: 1 + random.NextInt(3));
            case 5: return new IntParameter(name, 1 + random.NextInt(3), 4 + random.NextInt(8), log: true);
            case 6:
                double start = random.NextNormal() * 10;
                return new FloatParameter(name, start, start + random.NextDouble() * 100);
            default: return new FloatParameter(name, Math.Exp(-10 * random.NextDouble()), Math.Exp(10 * random.NextDouble()), log: true);
        }
    }

    private static SubsetParameter Subset(string name, int items, Philox random)
    {
        int min = random.NextInt(items + 1);
        return new SubsetParameter(name, Enumerable.Range(0, items).Select(k => $"i{k}"), min, min + random.NextInt(items - min + 1));
    }

    private static List<double> Ordinals(Philox random)
    {
        double value = random.NextInt(3);
        var values = new List<double>();
        for (int k = 1 + random.NextInt(5); k > 0; k--)
        {
            values.Add(value);
            value += random.NextInt(2) == 0 ? 1 + random.NextInt(5) : random.NextDouble() + 0.01;
        }
        if (random.NextInt(3) == 0) values.Reverse();
        return values;
    }

    private static ParameterPrior MakePrior(Parameter p, Philox random) => p switch
    {
        FloatParameter f => new NormalPrior(f.FromUnit(random.NextDouble()), 0.05 + random.NextDouble()),
        _ => new WeightsPrior([.. Enumerable.Range(0, (int)p.Cardinality!.Value).Select(_ => 0.01 + random.NextDouble())]),
    };
}
