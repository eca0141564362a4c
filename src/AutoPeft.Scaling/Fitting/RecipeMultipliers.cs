using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Formulas;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// Compute multipliers between recipes under one shared law: a recipe with multiplier m reaches with C what the first recipe reaches
/// with m·C, its N and D both counting √m times.
/// </summary>
/// <param name="Reference">The recipe whose multiplier is 1.</param>
/// <param name="Multipliers">Multiplier and 95 % interval of each other recipe.</param>
/// <param name="Rms">Root mean square residual of the shared law.</param>
public sealed record RecipeMultipliers(string Reference, IReadOnlyList<(string Recipe, double Multiplier, Interval Band)> Multipliers,
    double Rms)
{
    /// <summary>Fits one law to all groups.</summary>
    /// <param name="groups">Runs of each recipe; the first is the reference.</param>
    /// <exception cref="ScalingDataException">The runs do not determine the shared law.</exception>
    public static RecipeMultipliers Fit(IReadOnlyList<(string Recipe, LossPoints Points)> groups)
    {
        string shift = "0.5*(" + string.Join("+", groups.Skip(1).Select((_, k) => $"m{k}*I{k}")) + ")";
        string[] columns = ["N", "D", .. groups.Skip(1).Select((_, k) => $"I{k}")];
        var formula = new FormulaText($"E + A*(N*exp({shift}))^-alpha + B*(D*exp({shift}))^-beta", columns);
        double[] Join(Func<LossPoints, double[]> of) => [.. groups.SelectMany(g => of(g.Points))];
        var values = columns.Select((name, c) => c < 2
            ? Join(p => c == 0 ? p.N : p.D)
            : [.. groups.SelectMany((g, k) => Enumerable.Repeat(k == c - 1 ? 1.0 : 0.0, g.Points.Count))]).ToArray();
        double[][] ordered = [.. formula.Regressors.Select(r => values[Array.IndexOf(columns, r)])];
        var clusters = groups.SelectMany((g, k) => Levels.Snap(g.Points.N).Select(v => (k, v))).ToList();
        var index = clusters.Distinct().Select((v, i) => (v, i)).ToDictionary(q => q.v, q => q.i);
        var fit = FormulaFit.Fit(formula, [.. formula.Parameters.Select(p => new FormulaParameter(p))], ordered, Join(p => p.Loss),
            new FormulaFitOptions { Clusters = [.. clusters.Select(c => index[c])] });
        return new RecipeMultipliers(groups[0].Recipe,
            [.. groups.Skip(1)
                .Select((g, k) => (g.Recipe, Math.Exp(fit[$"m{k}"]), fit.Intervals[fit.Names.ToList().IndexOf($"m{k}")].Map(Math.Exp)))],
            Math.Sqrt(fit.Residuals.Average(r => r * r)));
    }
}
