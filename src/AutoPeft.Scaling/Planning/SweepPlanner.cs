using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Planning;

/// <summary>
/// Chooses which small runs to make for a compute budget so that a law's coefficients become as certain as they can: greedy
/// construction by gain per FLOP, then exchanges until none helps (Fedorov's exchange under a cost constraint; Atkinson, Donev and Tobias,
/// "Optimum Experimental Designs", ch. 12). Deterministic.
/// </summary>
public static class SweepPlanner
{
    /// <summary>Plans grids that tighten ln lr = c + a·ln N + b·ln D.</summary>
    /// <param name="options">Budget, candidates, criterion.</param>
    /// <param name="prior">Law that the learning rates and batches of each grid are centred on. Default: Step Law's.</param>
    public static SweepPlan ForLearningRate(SweepPlannerOptions options,
        Func<double, double, (double LearningRate, double BatchTokens)>? prior = null)
    {
        prior ??= (n, d) =>
            (PublishedLaw.StepLaw.LearningRate(new LawQuery(n, d))!.Value, PublishedLaw.StepLaw.BatchTokens(new LawQuery(n, d))!.Value);
        int runs = options.LearningRatesPerGrid * options.BatchSizesPerGrid;
        double mn = options.Params.Average(v => Math.Log(v)), md = options.Tokens.Average(v => Math.Log(v));
        double[] Row(double n, double d) => [1, Math.Log(n) - mn, Math.Log(d) - md];
        var plan = Design(options, runs, ["ln c (centred)", "N", "D"], Row);
        return plan with
        {
            Grids = [.. plan.Grids.Select(g =>
            {
                var (lr, bs) = prior(g.Params, g.Tokens);
                return g with
                {
                    LearningRates = Around(lr, options.LearningRatesPerGrid, Math.Sqrt(2)),
                    BatchTokens = Around(bs, options.BatchSizesPerGrid, 2),
                };
            })],
        };
    }

    /// <summary>Plans runs (one a point) that tighten L = E + A/N^α + B/D^β, linearised at a law.</summary>
    /// <param name="options">Budget, candidates, criterion; learning rates and batches are ignored. Set the observation's standard
    /// deviation to that of log loss, such as 0.005.</param>
    /// <param name="law">The law so far.</param>
    public static SweepPlan ForLossLaw(SweepPlannerOptions options, LossLaw law)
    {
        double mn = options.Params.Average(v => Math.Log(v)), md = options.Tokens.Average(v => Math.Log(v));
        double[] Row(double n, double d)
        {
            double u = law.A * Math.Pow(n, -law.Alpha), v = law.B * Math.Pow(d, -law.Beta), l = law.E + u + v;
            return [u / l, v / l, law.E / l, -(Math.Log(n) - mn) * u / l, -(Math.Log(d) - md) * v / l];
        }
        return Design(options, 1, ["lnA (centred)", "lnB (centred)", "lnE", "alpha", "beta"], Row);
    }

    private static SweepPlan Design(SweepPlannerOptions o, int runsPerPoint, string[] names, Func<double, double, double[]> row)
    {
        if (!(o.Budget > 0)) throw new ScalingDataException("the compute budget must be positive (FLOP).");
        var candidates = (from n in o.Params
                          from d in o.Tokens
                          select (N: n, D: d, Row: row(n, d), Cost: o.FlopPerParameterToken * n * d * runsPerPoint)).ToList();
        if (candidates.Count == 0 || candidates.Min(c => c.Cost) > o.Budget)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"the budget of {o.Budget:G3} FLOP does not pay for the cheapest candidate "
                + $"({(candidates.Count == 0 ? 0 : candidates.Min(c => c.Cost)):G3} FLOP)."));
        int p = names.Length;
        double[]? c = o.Criterion == DesignCriterion.COptimal ? Contrast(o, names, row) : null;
        var existing = new double[p, p];
        foreach (var (n, d) in o.Existing) Add(existing, row(n, d), 1);
        var chosen = new List<int>();
        double spent = 0;
        // Greedy: the most criterion for the money, each candidate at most once.
        while (true)
        {
            double now = Score(Information(chosen));
            var best = Enumerable.Range(0, candidates.Count).Where(i => !chosen.Contains(i) && spent + candidates[i].Cost <= o.Budget)
                .Select(i => (i, gain: (Score(Information([.. chosen, i])) - now) / candidates[i].Cost)).DefaultIfEmpty((-1, 0))
                .MaxBy(q => q.Item2);
            if (best.Item1 < 0 || best.Item2 <= 0) break;
            chosen.Add(best.Item1);
            spent += candidates[best.Item1].Cost;
        }
        // Exchange: swap a chosen point for any other that the budget allows, and fill up again.
        for (bool improved = true; improved;)
        {
            improved = false;
            double now = Score(Information(chosen));
            for (int k = 0; k < chosen.Count && !improved; k++)
                for (int i = 0; i < candidates.Count && !improved; i++)
                {
                    double cost = spent - candidates[chosen[k]].Cost + candidates[i].Cost;
                    if (chosen.Contains(i) || cost > o.Budget) continue;
                    List<int> trial = [.. chosen[..k], i, .. chosen[(k + 1)..]];
                    if (Score(Information(trial)) > now + 1e-9 * Math.Abs(now) + 1e-12) (chosen, spent, improved) = (trial, cost, true);
                }
            for (int i = 0; i < candidates.Count; i++)
                if (!chosen.Contains(i) && spent + candidates[i].Cost <= o.Budget)
                {
                    chosen.Add(i);
                    spent += candidates[i].Cost;
                    improved = true;
                }
        }
        return new SweepPlan(
            [.. chosen.Select(i => candidates[i]).OrderBy(q => q.N).ThenBy(q => q.D)
                .Select(q => new PlannedGrid(q.N, q.D, [], [], q.Cost))],
            spent, names, Sd(existing), Sd(Information(chosen)))
        {
            TargetSdBefore = o.Target is null ? double.NaN : TargetSd(existing),
            TargetSdAfter = o.Target is null ? double.NaN : TargetSd(Information(chosen)),
        };

        double TargetSd(double[,] m)
        {
            var information = DenseMatrix.OfArray(m);
            var s = information.Svd(false).S;
            if (!(s[^1] > 1e-12 * s[0])) return double.PositiveInfinity;
            var contrast = DenseVector.OfArray(c!);
            return o.ObservationSd * Math.Sqrt(contrast * (Matrices.PseudoInverse(information) * contrast));
        }

        double[,] Information(List<int> points)
        {
            var m = (double[,])existing.Clone();
            foreach (int i in points) Add(m, candidates[i].Row, 1);
            return m;
        }

        // Larger is better. A vanishing ridge ranks designs that do not determine everything yet.
        double Score(double[,] m)
        {
            var a = new double[p * p];
            for (int i = 0; i < p; i++)
                for (int j = 0; j < p; j++) a[i * p + j] = m[i, j] + (i == j ? 1e-8 : 0);
            var b = c is null ? new double[p] : (double[])c.Clone();
            if (!SmallMatrix.TrySolveCholesky(a, b)) return double.NegativeInfinity;
            if (c is not null) return -Math.Log(c.Select((v, i) => v * b[i]).Sum());
            double logDet = 0;
            for (int i = 0; i < p; i++) logDet += 2 * Math.Log(a[i * p + i]);
            return logDet;
        }

        double[] Sd(double[,] m)
        {
            var information = DenseMatrix.OfArray(m);
            var e = information.Svd(false).S;
            if (!(e[^1] > 1e-12 * e[0])) return [.. Enumerable.Repeat(double.PositiveInfinity, p)];
            var inverse = Matrices.PseudoInverse(information);
            return [.. Enumerable.Range(0, p).Select(i => o.ObservationSd * Math.Sqrt(inverse[i, i]))];
        }
    }

    private static double[] Contrast(SweepPlannerOptions o, string[] names, Func<double, double, double[]> row)
    {
        if (o.Target is { } t) return row(t.Params, t.Tokens);
        int at = Array.IndexOf(names, o.Coefficient);
        if (at < 0)
            throw new ScalingDataException(
                $"a c-optimal plan needs the coefficient to tighten: one of {string.Join(", ", names)}; '{o.Coefficient}' is none.");
        var c = new double[names.Length];
        c[at] = 1;
        return c;
    }

    private static void Add(double[,] m, double[] row, double weight)
    {
        for (int i = 0; i < row.Length; i++)
            for (int j = 0; j < row.Length; j++) m[i, j] += weight * row[i] * row[j];
    }

    // On the usual grids: learning rates are powers of √2, batches powers of 2 (of tokens, hence of sequences too).
    private static double[] Around(double centre, int count, double step)
    {
        double middle = Math.Pow(step, Math.Round(Math.Log(centre) / Math.Log(step)));
        return [.. Enumerable.Range(0, count).Select(i => middle * Math.Pow(step, i - (count - 1) / 2))];
    }
}
