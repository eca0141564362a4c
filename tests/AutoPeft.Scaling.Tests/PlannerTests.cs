using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Planning;

namespace AutoPeft.Scaling.Tests;

public sealed class PlannerTests
{
    private static SweepPlannerOptions Options(double budget, params (double, double)[] existing) => new()
    {
        Budget = budget,
        Params = [2e7, 4e7, 8e7, 1.6e8],
        Tokens = [4e8, 1e9, 2.5e9, 6e9],
        Existing = existing,
    };

    [Fact]
    public void A_plan_keeps_its_budget_and_determines_every_coefficient()
    {
        var plan = SweepPlanner.ForLearningRate(Options(2e20));
        Assert.InRange(plan.Compute, 0, 2e20);
        Assert.Equal(plan.Compute, plan.Grids.Sum(g => g.Compute), plan.Compute * 1e-12);
        Assert.All(plan.SdAfter, sd => Assert.True(double.IsFinite(sd)));
        Assert.All(plan.SdBefore, sd => Assert.True(double.IsInfinity(sd)));
        Assert.All(plan.Grids, g => Assert.Equal((5, 3), (g.LearningRates.Count, g.BatchTokens.Count)));
    }

    [Fact]
    public void No_exhaustively_tried_design_of_the_same_cost_is_better()
    {
        // Four sizes by two token counts, budget for some: small enough to try every subset.
        var o = new SweepPlannerOptions
        {
            Budget = 6e19,
            Params = [2e7, 4e7, 8e7],
            Tokens = [4e8, 1e9, 2.5e9],
            LearningRatesPerGrid = 5,
            BatchSizesPerGrid = 3,
        };
        var plan = SweepPlanner.ForLearningRate(o);
        var cells = (from n in o.Params from d in o.Tokens select (n, d)).ToList();
        double best = double.NegativeInfinity;
        for (int mask = 0; mask < 1 << cells.Count; mask++)
        {
            var subset = cells.Where((_, i) => (mask >> i & 1) == 1).ToList();
            if (subset.Sum(c => 6 * c.n * c.d * 15) <= o.Budget) best = Math.Max(best, LogDet(subset));
        }
        Assert.True(LogDet([.. plan.Grids.Select(g => (g.Params, g.Tokens))]) > best - 0.35,
            "greedy with exchanges stays within a third of a nat of the exhaustive optimum");
    }

    [Fact]
    public void A_plan_for_one_exponent_tightens_it_at_least_as_much_as_a_joint_plan()
    {
        var joint = SweepPlanner.ForLearningRate(Options(3e19));
        var single = SweepPlanner.ForLearningRate(Options(3e19) with { Criterion = DesignCriterion.COptimal, Coefficient = "N" });
        Assert.True(single.SdAfter[1] <= joint.SdAfter[1] * 1.05);
    }

    [Fact]
    public void Existing_grids_count_for_free()
    {
        var before = SweepPlanner.ForLearningRate(Options(3e19));
        var with = SweepPlanner.ForLearningRate(Options(3e19, (2e7, 6e9), (1.6e8, 4e8), (1.6e8, 6e9)));
        Assert.True(with.SdAfter[1] < before.SdAfter[1]);
        Assert.All(with.SdBefore, sd => Assert.True(double.IsFinite(sd)));
    }

    [Fact]
    public void A_loss_law_plan_and_refusals_work_as_said()
    {
        var plan = SweepPlanner.ForLossLaw(Options(2e19) with { ObservationSd = 0.005 }, LossLaw.ChinchillaRefit);
        Assert.True(plan.Grids.Count >= 5);
        Assert.Contains("does not pay", Assert.Throws<ScalingDataException>(() => SweepPlanner.ForLearningRate(Options(1e10))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ScalingDataException>(
            () => SweepPlanner.ForLearningRate(Options(1e20) with { Criterion = DesignCriterion.COptimal, Coefficient = "M" }));
    }

    [Fact]
    public void A_plan_for_a_prediction_lowers_its_error_more_than_a_joint_plan_and_counts_the_runs_made()
    {
        (double, double)[] made = [(2e7, 4e8), (2e7, 6e9), (4e7, 1e9), (8e7, 2.5e9), (1.6e8, 1e9), (1.6e8, 6e9)];
        var joint = SweepPlanner.ForLossLaw(Options(2e18, made) with { ObservationSd = 0.005 }, LossLaw.ChinchillaRefit);
        var aimed = SweepPlanner.ForLossLaw(
            Options(2e18, made) with { ObservationSd = 0.005, Criterion = DesignCriterion.COptimal, Target = (1e9, 2e10) },
            LossLaw.ChinchillaRefit);
        Assert.True(aimed.TargetSdAfter < aimed.TargetSdBefore);
        Assert.True(double.IsFinite(aimed.TargetSdBefore));
        Assert.True(double.IsNaN(joint.TargetSdAfter));
        Assert.InRange(aimed.Compute, 0, 2e18);
    }

    private static double LogDet(List<(double N, double D)> points)
    {
        var m = MathNet.Numerics.LinearAlgebra.Double.DenseMatrix.Create(3, 3, 0);
        foreach (var (n, d) in points)
        {
            double[] x = [1, Math.Log(n / 4e7), Math.Log(d / 1e9)];
            for (int i = 0; i < 3; i++) for (int j = 0; j < 3; j++) m[i, j] += x[i] * x[j];
        }
        double det = m.Determinant();
        return det > 1e-9 ? Math.Log(det) : double.NegativeInfinity;
    }
}
