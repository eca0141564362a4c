using AutoPeft.Randomness;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Estimation;

/// <summary>What a search over starts found.</summary>
/// <param name="Best">The lowest end, converged or not.</param>
/// <param name="Starts">Descents run to the end.</param>
/// <param name="AtBest">Descents that ended within 1e-6 of the lowest objective, relatively.</param>
/// <param name="Scored">Random points scored to choose the starts.</param>
internal sealed record SearchResult(DescentEnd Best, int Starts, int AtBest, int Scored);

/// <summary>
/// Minimises a Huber sum from many starts. Random points over the nonlinear parameters are scored with the linear ones projected out
/// (Golub and Pereyra's variable projection, 1973, on relative residuals); the best and some others are descended by
/// <see cref="TrustRegion"/>, least squares first. Over many rows the search runs on a subsample, and the ends are polished on all.
/// Deterministic.
/// </summary>
internal static class GlobalSearch
{
    private const int SubsampleFrom = 3_000;
    private const int SubsampleRows = 1_000;

    /// <summary>Settings of a search.</summary>
    /// <param name="Low">Lower bounds.</param>
    /// <param name="High">Upper bounds.</param>
    /// <param name="Linear">Indices of parameters in which the model is jointly linear; may be empty.</param>
    /// <param name="Given">Starts to descend from in any case.</param>
    /// <param name="Scales">Typical magnitudes of the regressors, which parameters may share.</param>
    /// <param name="Delta">Huber threshold; infinite for least squares.</param>
    /// <param name="Random">Random points to score; 0 descends from the given starts alone.</param>
    /// <param name="Descents">Of these, how many to descend from.</param>
    /// <param name="MaxIterations">Cap per descent.</param>
    /// <param name="Seed">Seed of the random points.</param>
    public sealed record Settings(
        double[] Low, double[] High, IReadOnlySet<int> Linear, IReadOnlyList<double[]> Given, double[] Scales, double Delta,
        int Random = 1500, int Descents = 28, int MaxIterations = 500, ulong Seed = 0);

    /// <summary>Searches.</summary>
    /// <param name="problem">The rows.</param>
    /// <param name="settings">Bounds, starts and effort.</param>
    /// <param name="subsample">Builds the problem on some of the rows.</param>
    public static SearchResult Run(ResidualProblem problem, Settings settings, Func<int[], ResidualProblem> subsample)
    {
        bool large = problem.Count > SubsampleFrom;
        var small = large ? subsample(Spread(problem.Count)) : problem;
        if (large) settings = settings with { Random = Math.Min(settings.Random, 600), Descents = Math.Min(settings.Descents, 16) };
        var candidates = Candidates(small, settings);
        var ends = new DescentEnd[candidates.Count];
        Parallel.For(0, candidates.Count, i => ends[i] = Descend(small, candidates[i], settings));
        int? atBest = null;
        if (large)
        {
            if (!ends.Any(e => double.IsFinite(e.Value)))
                return new SearchResult(new DescentEnd([], double.PositiveInfinity, EndReason.NotFinite, 0), candidates.Count, 0,
                    settings.Random);
            double lowest = ends.Where(e => double.IsFinite(e.Value)).Min(e => e.Value);
            atBest = ends.Count(e => e.Value <= lowest * (1 + 1e-6));
            DescentEnd[] few =
                [.. ends.Where(e => double.IsFinite(e.Value)).OrderBy(e => e.Value).DistinctBy(e => e.Value.ToString("G5")).Take(3)];
            // The lowest is polished on all rows; the others are only if they begin below where the lowest ended.
            var polished = TrustRegion.Minimise(problem, few[0].At, settings.Low, settings.High, settings.Delta, 60);
            ends = [polished,
                .. few.Skip(1).Where(e => problem.Value(e.At, settings.Delta) < polished.Value)
                    .Select(e => TrustRegion.Minimise(problem, e.At, settings.Low, settings.High, settings.Delta, 60))];
        }
        var best = ends.Where(e => double.IsFinite(e.Value))
            .DefaultIfEmpty(new DescentEnd([], double.PositiveInfinity, EndReason.NotFinite, 0)).MinBy(e => e.Value);
        int at = atBest ?? ends.Count(e => e.Value <= best.Value * (1 + 1e-6) + 1e-300);
        return new SearchResult(best, candidates.Count, at, settings.Random);
    }

    private static int[] Spread(int count)
    {
        var random = new Philox(0x5eed);
        int[] all = [.. Enumerable.Range(0, count)];
        for (int i = 0; i < SubsampleRows; i++)
        {
            int k = i + random.NextInt(count - i);
            (all[i], all[k]) = (all[k], all[i]);
        }
        Array.Resize(ref all, SubsampleRows);
        Array.Sort(all);
        return all;
    }

    private static DescentEnd Descend(ResidualProblem problem, double[] start, Settings s)
    {
        double[] at = start;
        if (problem.Scale == ResidualScale.Log)
        {
            var relative = TrustRegion.Minimise(problem.On(ResidualScale.Relative), at, s.Low, s.High, double.PositiveInfinity, 150,
                newton: false, 1e-5);
            if (double.IsFinite(relative.Value) && double.IsFinite(problem.Value(relative.At, s.Delta))) at = relative.At;
        }
        var end = TrustRegion.MinimiseInStages(problem, at, s.Low, s.High, s.Delta, s.MaxIterations);
        if (!double.IsFinite(end.Value) || double.IsInfinity(s.Delta)) return end;
        // The valley of a robust sum can turn away from that of least squares: a descent without stages is the second opinion.
        var direct = TrustRegion.Minimise(problem, at, s.Low, s.High, s.Delta, s.MaxIterations);
        return direct.Value < end.Value ? direct : end;
    }

    private static List<double[]> Candidates(ResidualProblem problem, Settings s)
    {
        int p = problem.ParameterCount;
        var scored = new (double[] At, double Score)[s.Random];
        var relative = problem.Scale == ResidualScale.Log ? problem.On(ResidualScale.Relative) : problem;
        Parallel.For(0, s.Random, i =>
        {
            var random = new Philox(s.Seed, (ulong)i);
            double[] at = [.. Enumerable.Range(0, p).Select(k => Math.Clamp(Draw(random, s.Scales), s.Low[k], s.High[k]))];
            at = Project(relative, at, s);
            scored[i] = (at, relative.Value(at, double.PositiveInfinity));
        });
        var order = scored.Where(q => double.IsFinite(q.Score)).OrderBy(q => q.Score).ToList();
        int top = Math.Min(order.Count, s.Descents * 2 / 3);
        // The rest spreads over all ranks: the best basin need not score best before its descent.
        int others = Math.Min(order.Count - top, s.Descents - top);
        var rest = Enumerable.Range(0, others).Select(k => order[top + (order.Count - top) * k / Math.Max(others, 1) / 2].At);
        var given = s.Given.SelectMany(g => new[] { g, Project(relative, g, s) });
        return [.. given, .. order.Take(top).Select(q => q.At), .. rest];
    }

    private static double Draw(Philox random, double[] scales)
    {
        double kind = random.NextDouble(), u = random.NextDouble();
        double v = kind < 0.55 ? Math.Pow(10, -2 + 3 * u)
            : kind < 0.75 && scales.Length > 0 ? scales[random.NextInt(scales.Length)] * Math.Pow(10, 2 * (u - 0.5))
            : kind < 0.9 ? -4 + 26 * u
            : Math.Pow(10, -4 + 8 * u);
        return random.NextDouble() < 0.15 ? -v : v;
    }

    // The linear parameters by least squares with the others held; a start as it stands where there are none.
    private static double[] Project(ResidualProblem problem, double[] start, Settings s)
    {
        int[] linear = [.. s.Linear.Order()];
        if (linear.Length == 0) return start;
        double[] zero = [.. start];
        foreach (int k in linear) zero[k] = 0;
        var (r, j) = problem.Linearise(zero);
        int p = problem.ParameterCount, q = linear.Length;
        Span<double> a = stackalloc double[q * q], b = stackalloc double[q];
        a.Clear();
        b.Clear();
        for (int i = 0; i < r.Length; i++)
            for (int x = 0; x < q; x++)
            {
                double jx = j[i * p + linear[x]];
                b[x] -= jx * r[i];
                for (int y = 0; y < q; y++) a[x * q + y] += jx * j[i * p + linear[y]];
            }
        Span<double> scale = stackalloc double[q];
        for (int x = 0; x < q; x++) scale[x] = a[x * q + x] > 0 ? 1 / Math.Sqrt(a[x * q + x]) : 0;
        for (int x = 0; x < q; x++)
        {
            b[x] *= scale[x];
            for (int y = 0; y < q; y++) a[x * q + y] *= scale[x] * scale[y];
            a[x * q + x] += 1e-9 + (scale[x] == 0 ? 1 : 0);
        }
        if (!SmallMatrix.TrySolveCholesky(a, b)) return start;
        double[] at = [.. start];
        for (int x = 0; x < q; x++)
        {
            double v = b[x] * scale[x];
            if (!double.IsFinite(v)) return start;
            at[linear[x]] = Math.Clamp(v, s.Low[linear[x]], s.High[linear[x]]);
        }
        return at;
    }
}
