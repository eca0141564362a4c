using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Population;

/// <summary>
/// PB2's way to explore (Parker-Holder et al. 2020, algorithm 1): the numbers for which a time-varying Gaussian process has the highest
/// upper confidence bound of what an interval gains, given the present time and the parent's loss. Choices, switches and ordinals are
/// perturbed as in PBT. Of several objectives a random convex combination is looked at each time, as in ParEGO (Knowles 2006).
/// </summary>
internal static class IntervalBandit
{
    /// <summary>Gains that have to be known before there is a model.</summary>
    private const int Least = 4;

    /// <summary>The newest ones that are modelled: a proposal stays a matter of milliseconds, and old ones are forgotten anyway.</summary>
    private const int Most = 80;

    // √β of the bound, with the constants of PB2's published code: 0.2 + log(0.4·n).
    private const double C1 = 0.2, C2 = 0.4;

    private const int Everywhere = 400, Near = 100, Refined = 3, Looks = 150;

    /// <summary>The best configuration found; null where too little is known for a model, or nothing explored is a number.</summary>
    public static Configuration? Choose(
        IStudyView study, PopulationState population, PopulationOptions options, Trial parent, long rung, Configuration perturbed,
        IReadOnlyList<int> explored, IReadOnlyList<Child> children, Philox random)
    {
        SearchSpace space = perturbed.Space;
        int[] numbers = [.. explored.Where(i => space.Parameters[i] is FloatParameter or IntParameter
            && space.Parameters[i].Cardinality != 1 && !double.IsNaN(perturbed.Codes[i]))];
        if (numbers.Length == 0 || population.LossesAt(parent, rung) is not { } before || !Array.TrueForAll(before, double.IsFinite))
            return null;
        List<Segment> segments = Segment.Of(study, population, options, rung);
        Segment[] known = [.. segments.Where(s => s.Gain is not null || s.Failed).OrderBy(s => s.Rung).TakeLast(Most)];
        double[][] gained = [.. known.Select(s => s.Gain).OfType<double[]>()];
        if (gained.Length < Least) return null;
        double[] weights = Weights(before.Length, random), levelUnits = Spreads([.. known.Select(s => s.Before), before]),
            gainUnits = Spreads(gained);
        double[] gains = [.. known.Select(s => s.Gain is { } g ? Combined(g, weights, gainUnits) : double.NaN)];
        double worst = gains.Where((_, k) => !known[k].Failed).Min();
        // A setting under which trainings break counts as a spread below the least gain.
        for (int k = 0; k < gains.Length; k++)
            if (known[k].Failed) gains[k] = worst - 1;
        double[] levels = [.. known.Select(s => Combined(s.Before, weights, levelUnits)), Combined(before, weights, levelUnits)];
        // Losses at the ends of what a double holds have no differences.
        if (!Array.TrueForAll(gains, double.IsFinite) || !Array.TrueForAll(levels, double.IsFinite)) return null;
        double low = levels.Min(), width = Math.Max(levels.Max() - low, 1e-12);
        double[] Point(double[] losses, Configuration c) =>
            [(Combined(losses, weights, levelUnits) - low) / width,
                .. numbers.Select(i => double.IsNaN(c.Codes[i]) ? 0.5 : space.Parameters[i].ToUnit(c.Codes[i]))];
        IEnumerable<Segment> asked = children.Select(s => new Segment(s.Rung, population.LossesAt(s.Parent, s.Rung)!, s.Configuration,
            null)).Where(s => Array.TrueForAll(s.Before, double.IsFinite));
        Segment[] pending = [.. segments.Where(s => s.Gain is null && !s.Failed).Concat(asked).TakeLast(Most)];
        TimeVaryingProcess process = TimeVaryingProcess.Fit(
            [.. known.Select(s => Point(s.Before, s.Configuration))], [.. known.Select(Time)], Standardised(gains),
            [.. pending.Select(s => Point(s.Before, s.Configuration))], [.. pending.Select(Time)]);
        double[] here = Point(before, parent.Configuration);
        double now = (double)rung / options.Interval, kappa = Math.Sqrt(C1 + Math.Max(0, Math.Log(C2 * known.Length)));
        double Bound(double[] unit)
        {
            (double mean, double deviation) = process.At([here[0], .. unit], now);
            return mean + kappa * deviation;
        }
        return Best(perturbed, numbers, here[1..], Bound, random);

        double Time(Segment s) => (double)s.Rung / options.Interval;
    }

    /// <summary>
    /// Random points over the box and around the parent, the best of them refined by a pattern search; the first that keeps the hard
    /// constraints.
    /// </summary>
    private static Configuration? Best(Configuration from, int[] numbers, double[] parent, Func<double[], double> bound, Philox random)
    {
        var found = new List<(double[] Unit, double Bound)>();
        for (int i = 0; i < Everywhere + Near; i++)
        {
            double[] unit = [.. parent.Select(u => i < Everywhere ? random.NextDouble() : Math.Clamp(u + 0.1 * random.NextNormal(), 0, 1))];
            found.Add((unit, bound(unit)));
        }
        (double[] Unit, double Bound)[] order = [.. found.OrderByDescending(f => f.Bound)];
        for (int i = 0; i < Refined; i++) order[i] = Refine(order[i], bound);
        foreach ((double[] unit, _) in order.OrderByDescending(f => f.Bound))
        {
            double[] codes = from.Codes.ToArray();
            for (int k = 0; k < numbers.Length; k++) codes[numbers[k]] = from.Space.Parameters[numbers[k]].FromUnit(unit[k]);
            Configuration c = Evolution.Complete(from.Space, codes, random);
            if (from.Space.IsFeasible(c)) return c;
        }
        return null;
    }

    private static (double[], double) Refine((double[] Unit, double Bound) at, Func<double[], double> bound)
    {
        int looks = 0;
        for (double step = 0.1; step > 0.004; step /= 2)
        {
            bool moved = true;
            while (moved && looks < Looks)
            {
                moved = false;
                for (int k = 0; k < at.Unit.Length; k++)
                    foreach (double by in (double[])[-step, step])
                    {
                        double[] unit = [.. at.Unit];
                        unit[k] = Math.Clamp(unit[k] + by, 0, 1);
                        double there = bound(unit);
                        looks++;
                        if (there > at.Bound) (at, moved) = ((unit, there), true);
                    }
            }
        }
        return at;
    }

    /// <summary>Uniform over the weights that add up to 1.</summary>
    private static double[] Weights(int objectives, Philox random)
    {
        if (objectives == 1) return [1];
        double[] w = [.. Enumerable.Range(0, objectives).Select(_ => -Math.Log(1 - random.NextDouble()))];
        double sum = w.Sum();
        return [.. w.Select(x => x / sum)];
    }

    /// <summary>A weighted sum, every coordinate in units of its own spread; one that never changes counts for nothing.</summary>
    private static double Combined(double[] vector, double[] weights, double[] units)
    {
        double sum = 0;
        for (int j = 0; j < vector.Length; j++)
            if (units[j] > 0) sum += weights[j] * vector[j] / units[j];
        return sum;
    }

    private static double[] Spreads(double[][] vectors) =>
        [.. Enumerable.Range(0, vectors[0].Length).Select(j => Spread([.. vectors.Select(v => v[j])]))];

    private static double[] Standardised(double[] values)
    {
        double mean = values.Average(), spread = Spread(values);
        return [.. values.Select(v => spread > 0 ? (v - mean) / spread : 0)];
    }

    /// <summary>The standard deviation.</summary>
    private static double Spread(double[] values)
    {
        // Huge values must not overflow when they are squared.
        double largest = values.Max(Math.Abs);
        if (!(largest > 0) || !double.IsFinite(largest)) return 0;
        double mean = values.Average(v => v / largest);
        return largest * Math.Sqrt(values.Average(v => (v / largest - mean) * (v / largest - mean)));
    }
}
