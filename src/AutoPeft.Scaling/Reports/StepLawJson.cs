using System.Text.Json.Nodes;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Sweeps;

namespace AutoPeft.Scaling.Reports;

/// <summary>The machine-readable form of a Step Law fit. Exponents that the design does not identify are null.</summary>
internal static class StepLawJson
{
    public static JsonObject Of(StepLawReport report)
    {
        var f = report.Fit;
        var json = new JsonObject
        {
            ["kind"] = "step-law",
            ["data"] = Path.GetFileName(f.Data.Source),
            ["recipe"] = report.RecipeName,
            ["n_grids"] = f.Data.Grids.Count,
            ["n_runs"] = f.Data.Runs.Count(),
            ["n_diverged"] = f.Data.DivergedCount,
            ["n_runs_used"] = f.Optima.Count,
            ["lr"] = LearningRate(f),
            ["bs"] = Batch(f),
            ["gap"] = JsonValues.Rules(f.Gaps),
            ["held_out"] = new JsonObject([.. f.HeldOut.Append(report.Elsewhere).OfType<HeldOutResult>()
                .Select(h => KeyValuePair.Create(h.Protocol, (JsonNode?)JsonValues.Rules(h.Rules)))]),
            ["grids"] = new JsonArray([.. f.Data.Grids.Select(g => (JsonNode?)Grid(f, g))]),
            ["units"] = new JsonObject { ["N"] = "parameters", ["D"] = "tokens", ["bs"] = "tokens", ["gap"] = "relative" },
            ["warnings"] = JsonValues.Strings(f.Warnings),
            ["notes"] = JsonValues.Strings(f.Data.Notes),
        };
        if (f.PowerScheduler is { } ps)
            json["power_scheduler"] = new JsonObject
            {
                ["a"] = JsonValues.Number(ps.Law.A),
                ["b"] = JsonValues.Number(ps.Law.B),
                ["r2"] = JsonValues.Number(ps.R2),
                ["batch_unit"] = "sequences of 2048 tokens",
            };
        return json;
    }

    private static JsonObject LearningRate(StepLawFit f)
    {
        bool known = f.LearningRate.IsIdentified, full = f.IncludesParams;
        // Without N in the law, D is its first exponent.
        int d = full ? 2 : 1;
        var lr = new JsonObject
        {
            ["constant"] = JsonValues.Number(known && full ? f.LearningRate.Law.Constant : null),
            ["N"] = JsonValues.Number(known && full ? f.LearningRate.Law["N"] : null),
            ["D"] = JsonValues.Number(known ? f.LearningRate.Law["D"] : null),
            ["r2"] = JsonValues.Number(f.LearningRate.R2),
            ["ci95"] = new JsonObject { ["N"] = Ci(f.LearningRateByGrid, 1, known && full), ["D"] = Ci(f.LearningRateByGrid, d, known) },
            ["ci95_runs"] = new JsonObject { ["N"] = Ci(f.LearningRateByRun, 1, known && full), ["D"] = Ci(f.LearningRateByRun, d, known) },
            ["condition_number"] = JsonValues.Number(f.LearningRate.Linear.ConditionNumber),
            ["variance_inflation"] = new JsonObject([.. f.LearningRate.Names.Select(
                (n, j) => KeyValuePair.Create(n, JsonValues.Number(f.LearningRate.Linear.VarianceInflation[j])))]),
        };
        if (known && full) lr["covariance"] = Covariance(f.LearningRateByGrid);
        if (known && !full)
        {
            lr["constant_at_N"] = JsonValues.Number(f.LearningRate.Law.Constant);
            lr["at_N"] = JsonValues.Number(f.Data.Grids[0].Params);
        }
        if (!known)
        {
            var (c, k) = PowerLawFit.AlongTheLine([.. f.Optima.Select(o => o.Params)], [.. f.Optima.Select(o => o.LearningRate)]);
            lr["along_the_line"] = new JsonObject { ["constant"] = JsonValues.Number(c), ["N"] = JsonValues.Number(k) };
        }
        return lr;
    }

    private static JsonObject Batch(StepLawFit f) => new()
    {
        ["constant"] = JsonValues.Number(f.Batch.Law.Constant),
        ["D"] = JsonValues.Number(f.Batch.Law["D"]),
        ["r2"] = JsonValues.Number(f.Batch.R2),
        ["ci95"] = new JsonObject { ["D"] = Ci(f.BatchByGrid, 1, true) },
        ["ci95_runs"] = new JsonObject { ["D"] = Ci(f.BatchByRun, 1, true) },
        ["covariance"] = Covariance(f.BatchByGrid),
    };

    private static JsonObject Grid(StepLawFit f, Data.SweepGrid g)
    {
        var s = f.Surfaces[g.Key];
        var o = new JsonObject
        {
            ["grid"] = g.Key,
            ["N"] = g.Params,
            ["D"] = g.Tokens,
            ["runs"] = g.Runs.Count,
            ["diverged"] = g.Runs.Count(r => r.Diverged),
            ["min_loss"] = g.MinLoss,
            ["best_lr"] = g.Best.LearningRate,
            ["best_bs"] = g.Best.BatchTokens,
            ["at_edge"] = Optima.SweepOptima.IsAtEdge(g),
        };
        if (s is not null)
            o["surface"] = new JsonObject
            {
                ["lr"] = s.LearningRate,
                ["bs"] = s.BatchTokens,
                ["min_loss"] = s.MinLoss,
                ["noise_sd"] = JsonValues.Number(s.NoiseSd),
                ["winners_curse"] = s.MinLoss / g.MinLoss - 1,
                ["plateau_factor_lr"] = JsonValues.Number(s.PlateauFactors().LearningRate),
                ["plateau_factor_bs"] = JsonValues.Number(s.PlateauFactors().Batch),
                ["shared_curvature"] = s.Shared,
            };
        return o;
    }

    private static JsonArray? Ci(CoefficientBootstrap b, int index, bool known) =>
        known && b.Samples.Count > 0 ? JsonValues.Pair(b.Ci(index)) : null;

    private static JsonArray? Covariance(CoefficientBootstrap b) => b.Samples.Count > 1 ? JsonValues.Matrix(b.Covariance()) : null;
}
