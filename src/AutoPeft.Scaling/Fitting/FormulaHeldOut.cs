using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Formulas;

namespace AutoPeft.Scaling.Fitting;

/// <summary>How a formula, refitted without the rows of a regressor's largest values, predicts them.</summary>
/// <param name="Column">Name of the regressor whose largest values were held out.</param>
/// <param name="Count">Number of rows held out.</param>
/// <param name="MeanAbsolute">Mean |residual| on them, on the fit's scale.</param>
/// <param name="Bias">Mean predicted − seen on them.</param>
/// <param name="ConstantMeanAbsolute">Mean |residual| of the training rows' median: what knowing nothing is worth.</param>
public sealed record FormulaHeldOut(string Column, int Count, double MeanAbsolute, double Bias, double ConstantMeanAbsolute)
{
    private const double TestShare = 0.2;

    /// <summary>Holds out the largest fifth of each regressor in turn.</summary>
    internal static IReadOnlyList<FormulaHeldOut> RunAll(
        FormulaText formula, IReadOnlyList<FormulaParameter> parameters, double[][] columns, double[] target, FormulaFit full)
    {
        var results = new List<FormulaHeldOut>();
        // The full fit has searched widely: refits start at its minimum.
        FormulaParameter[] starts =
            [.. parameters.Select((p, k) => p with { Start = p.IsFixed ? p.Low : full.Values[k], OtherStarts = [] })];
        for (int c = 0; c < columns.Length; c++)
        {
            double cut = columns[c].Order().ElementAt((int)(target.Length * (1 - TestShare)));
            int[] train = [.. Enumerable.Range(0, target.Length).Where(i => columns[c][i] < cut)],
                test = [.. Enumerable.Range(0, target.Length).Where(i => columns[c][i] >= cut)];
            if (train.Length <= full.FreeParameters + 1 || test.Length == 0 || test.Length > target.Length / 2) continue;
            try
            {
                double[][] Rows(int[] rows) => [.. columns.Select(v => rows.Select(i => v[i]).ToArray())];
                double[] seen = [.. train.Select(i => target[i])], ahead = [.. test.Select(i => target[i])];
                var fit = FormulaFit.Fit(formula, starts, Rows(train), seen,
                    full.Options with { SearchPoints = 100, SearchDescents = 4, Weights = null, Clusters = null });
                double[] r = new ResidualProblem(new FormulaProgram(formula, Rows(test), test.Length), ahead, full.Options.Residuals)
                    .Residuals(fit.Values);
                double median = seen.Order().ElementAt(seen.Length / 2);
                bool log = full.Options.Residuals == ResidualScale.Log;
                results.Add(new FormulaHeldOut(formula.Regressors[c], test.Length, r.Average(Math.Abs), r.Average(),
                    ahead.Average(y => Math.Abs(log ? Math.Log(median / y) : median - y))));
            }
            catch (ScalingDataException)
            {
                // what is left does not support the formula: this cut has nothing to say
            }
        }
        return results;
    }
}
