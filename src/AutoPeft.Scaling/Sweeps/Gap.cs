using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Optima;

namespace AutoPeft.Scaling.Sweeps;

/// <summary>Mean, median and maximum of relative gaps to the optimum (0.001 = 1 ‰).</summary>
public sealed record GapSummary(double Mean, double Median, double Max)
{
    /// <summary>Summarises a list of gaps; NaN for an empty list.</summary>
    public static GapSummary Of(IReadOnlyList<double> gaps) =>
        gaps.Count == 0 ? new(double.NaN, double.NaN, double.NaN) : new(gaps.Average(), SampleStats.Median(gaps), gaps.Max());
}

/// <summary>One rule's gap on one grid.</summary>
/// <param name="Grid">Key of the grid that the rule was asked about.</param>
/// <param name="LearningRate">Learning rate that the rule proposes; null where the rule states none.</param>
/// <param name="BatchTokens">Batch size that the rule proposes, in tokens; null where the rule states none.</param>
/// <param name="Nearest">Loss of the nearest run over the least loss seen, minus one. The least of many noisy losses is too low, so this
/// errs upward.</param>
/// <param name="Bilinear">Loss interpolated between runs over the least loss seen, minus one.</param>
/// <param name="Quadratic">On the grid's own quadratic surface, free of noise; null where the grid has none.</param>
/// <param name="NearestCorrected">Nearest run over the surface's minimum: the winner's curse taken out, one run's noise left in; null
/// without a surface.</param>
/// <param name="BilinearCorrected">Interpolated loss over the surface's minimum; null without a surface.</param>
public sealed record GridGap(
    string Grid, double? LearningRate, double? BatchTokens, double Nearest, double Bilinear, double? Quadratic, double? NearestCorrected,
    double? BilinearCorrected);

/// <summary>How a rule did on a set of grids.</summary>
public sealed record RuleGaps(SettingRule Rule, IReadOnlyList<GridGap> Grids)
{
    /// <summary>Gaps between the loss of the nearest run and the least loss seen, over all grids.</summary>
    public GapSummary Nearest => GapSummary.Of([.. Grids.Select(g => g.Nearest)]);
    /// <summary>Gaps of the bilinearly interpolated loss to the least loss seen, over all grids.</summary>
    public GapSummary Bilinear => GapSummary.Of([.. Grids.Select(g => g.Bilinear)]);
    /// <summary>Gaps on the grids' quadratic surfaces, over all grids that have one.</summary>
    public GapSummary Quadratic => GapSummary.Of([.. Grids.Select(g => g.Quadratic).OfType<double>()]);
    /// <summary>Gaps of the nearest run, corrected for the winner's curse, over all grids with a surface.</summary>
    public GapSummary NearestCorrected => GapSummary.Of([.. Grids.Select(g => g.NearestCorrected).OfType<double>()]);
    /// <summary>Gaps of the interpolated loss, corrected for the winner's curse, over all grids with a surface.</summary>
    public GapSummary BilinearCorrected => GapSummary.Of([.. Grids.Select(g => g.BilinearCorrected).OfType<double>()]);

    /// <summary>Asks a rule about each grid.</summary>
    public static RuleGaps Evaluate(SettingRule rule, IReadOnlyList<SweepGrid> grids,
        IReadOnlyDictionary<string, QuadraticSurface?> surfaces) =>
        new(rule, [.. grids.Select(g => One(rule, g, surfaces.GetValueOrDefault(g.Key)))]);

    private static GridGap One(SettingRule rule, SweepGrid g, QuadraticSurface? s)
    {
        var (lr, bs) = rule.Propose(g);
        double nearest = LossSurface.Nearest(g, lr, bs), bilinear = Bilinear1(g, lr, bs);
        // A coordinate the rule leaves open is set to its best given the other one.
        double? quadratic = s is null ? null : (lr, bs) switch
        {
            ({ } x, { } y) => s.Gap(x, y),
            (null, { } y) => s.Gap(Math.Exp(s.LogLearningRate - s.H12 / s.H11 * (Math.Log(y) - s.LogBatch)), y),
            ({ } x, null) => s.Gap(x, Math.Exp(s.LogBatch - s.H12 / s.H22 * (Math.Log(x) - s.LogLearningRate))),
            _ => 0,
        };
        return new GridGap(g.Key, lr, bs, nearest / g.MinLoss - 1, bilinear / g.MinLoss - 1, quadratic, nearest / s?.MinLoss - 1,
            bilinear / s?.MinLoss - 1);
    }

    private static double Bilinear1(SweepGrid g, double? lr, double? bs) => (lr, bs) switch
    {
        ({ } x, { } y) => LossSurface.Bilinear(g, x, y),
        (null, { } y) => g.LearningRates.Min(x => LossSurface.Bilinear(g, x, y)),
        ({ } x, null) => g.BatchSizes.Min(y => LossSurface.Bilinear(g, x, y)),
        _ => g.MinLoss,
    };
}
