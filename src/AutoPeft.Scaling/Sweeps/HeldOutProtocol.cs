using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Optima;

namespace AutoPeft.Scaling.Sweeps;

/// <summary>Gaps of one protocol, on grids that fits and fixed settings did not see.</summary>
/// <param name="Protocol">leave-one-grid-out, largest-n, largest-d or largest-compute.</param>
/// <param name="TestGrids">Number of grids that the rules were tested on.</param>
/// <param name="Rules">The refitted law, the published laws and the refitted best fixed setting.</param>
public sealed record HeldOutResult(string Protocol, int TestGrids, IReadOnlyList<RuleGaps> Rules);

/// <summary>
/// Held-out protocols: leave one grid out (interpolation), and fits to small N, D or compute tested on the largest (what laws are for).
/// </summary>
public static class HeldOutProtocol
{
    /// <summary>The share of grids that a cut holds out, at least.</summary>
    private const double TestShare = 0.25;

    /// <summary>Runs every protocol that the data allow.</summary>
    public static IReadOnlyList<HeldOutResult> RunAll(StepLawFit fit)
    {
        var grids = fit.Data.Grids;
        var results = new List<HeldOutResult?>
        {
            Run(fit, "leave-one-grid-out", [.. grids.Select((_, i) => (int[])[i])]),
            Cut(fit, "largest-n", g => g.Params),
            Cut(fit, "largest-d", g => g.Tokens),
            Cut(fit, "largest-compute", g => g.Compute),
        };
        return [.. results.OfType<HeldOutResult>()];
    }

    /// <summary>How this fit and the other rules do on grids from elsewhere.</summary>
    public static HeldOutResult On(StepLawFit fit, SweepData other)
    {
        var surfaces = other.Grids.ToDictionary(g => g.Key, g => QuadraticSurface.FitOwn(g));
        var rules = new[] { fit.Fitted }.Concat(PublishedLaw.All.Select(SettingRule.Of)).Append(SettingRule.BestFixed(fit.Data.Grids));
        return new HeldOutResult("other-data", other.Grids.Count, [.. rules.Select(r => RuleGaps.Evaluate(r, other.Grids, surfaces))]);
    }

    private static HeldOutResult? Cut(StepLawFit fit, string name, Func<SweepGrid, double> by)
    {
        var grids = fit.Data.Grids;
        var levels = Levels.Snap([.. grids.Select(by)], 0.005);
        int[] order = [.. Enumerable.Range(0, grids.Count).OrderBy(i => levels[i])];
        // Whole levels are held out, so that no tested size was seen in training.
        double cut = levels[order[(int)Math.Floor(grids.Count * (1 - TestShare))]];
        int[] test = [.. order.Where(i => levels[i] >= cut)];
        return test.Length == grids.Count ? null : Run(fit, name, [test]);
    }

    private static HeldOutResult? Run(StepLawFit fit, string name, int[][] folds)
    {
        var grids = fit.Data.Grids;
        var collected = new Dictionary<string, (SettingRule Rule, List<GridGap> Gaps)>();
        int tested = 0;
        foreach (var fold in folds)
        {
            List<SweepGrid> training = [.. grids.Where((_, i) => !fold.Contains(i))], test = [.. fold.Select(i => grids[i])];
            SettingRule refitted;
            try
            {
                var (lr, bs) = StepLawFit.FitLaws(SweepOptima.Find(training, fit.Options.Recipe), fit.IncludesParams);
                if (!lr.IsIdentified) continue;
                refitted = fit.Fitted with { Propose = g => (StepLawFit.LearningRateAt(lr, g.Params, g.Tokens), bs.Law.Predict(g.Tokens)) };
            }
            catch (ScalingDataException)
            {
                continue; // what is left cannot be fitted: this fold has nothing to say
            }
            tested += test.Count;
            foreach (var rule in new[] { refitted }.Concat(PublishedLaw.All.Select(SettingRule.Of)).Append(SettingRule.BestFixed(training)))
            {
                if (!collected.TryGetValue(rule.Key, out var entry)) collected[rule.Key] = entry = (rule, []);
                entry.Gaps.AddRange(RuleGaps.Evaluate(rule, test, fit.Surfaces).Grids);
            }
        }
        return tested == 0 ? null : new HeldOutResult(name, tested, [.. collected.Values.Select(e => new RuleGaps(e.Rule, e.Gaps))]);
    }
}
