using AutoPeft.Scaling.Laws;

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
        var plan = OptimalDesign.Find(options, runs, ["ln c (centred)", "N", "D"], Row);
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
        return OptimalDesign.Find(options, 1, ["lnA (centred)", "lnB (centred)", "lnE", "alpha", "beta"], Row);
    }

    // On the usual grids: learning rates are powers of √2, batches powers of 2 (of tokens, hence of sequences too).
    private static double[] Around(double centre, int count, double step)
    {
        double middle = Math.Pow(step, Math.Round(Math.Log(centre) / Math.Log(step)));
        return [.. Enumerable.Range(0, count).Select(i => middle * Math.Pow(step, i - (count - 1) / 2))];
    }
}
