using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Formulas;

namespace AutoPeft.Scaling.Register;

/// <summary>One law's standing in a comparison.</summary>
/// <param name="Law">The registered law that was compared.</param>
/// <param name="Fit">Fit of the law to all runs of the table.</param>
/// <param name="Aic">Akaike's criterion, corrected for few runs, of double-exponential residuals.</param>
/// <param name="AkaikeWeight">Akaike weight exp(−ΔAIC/2), normalised so that the weights of all laws sum to 1.</param>
/// <param name="ExtrapolationError">Mean |ln predicted − ln seen| on runs of more compute than a refit saw; not a number where none could
/// be held out.</param>
/// <param name="StackingWeight">Share in the stacked prediction.</param>
public sealed record ComparedLaw(RegisteredLaw Law, FormulaFit Fit, double Aic, double AkaikeWeight, double ExtrapolationError,
    double StackingWeight)
{
    /// <summary>The law's formula, parsed.</summary>
    public required FormulaText Formula { get; init; }
}

/// <summary>
/// Registered laws fitted to one table, ranked by how they extrapolate (refits to the runs of least compute predict those of most) and by
/// Akaike's criterion, and stacked: weights that predict the held-out runs best together (Wolpert, 1992; Breiman, 1996). Immutable.
/// </summary>
/// <param name="Laws">The laws that could be fitted, the best extrapolator first.</param>
/// <param name="Left">Laws that could not, with the reason.</param>
/// <param name="StackedError">Extrapolation error of the stack on the same held-out runs.</param>
/// <param name="Count">Number of runs that the laws were fitted to.</param>
public sealed record LawComparison(IReadOnlyList<ComparedLaw> Laws, IReadOnlyList<(string Key, string Reason)> Left, double StackedError,
    int Count)
{
    /// <summary>Shares of the runs, by compute, that refits see.</summary>
    private static readonly double[] s_cuts = [0.5, 0.65, 0.8];

    /// <summary>Fits registered laws to one table of runs and ranks them.</summary>
    /// <exception cref="ScalingDataException">No law could be fitted; says why for the first.</exception>
    public static LawComparison Run(
        RunTable table, IReadOnlyList<RegisteredLaw> laws, string? target, IReadOnlyDictionary<string, string> map, ColumnChoice choice,
        CancellationToken cancel = default)
    {
        var left = new List<(string, string)>();
        var found = new List<(RegisteredLaw Law, FormulaText Text, FormulaFit Fit, double[] Held)>();
        double[]? ahead = null;
        int count = 0;
        foreach (var law in laws)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                if (LawTable.Bind(table, law, target, map, choice, out var missing) is not { Seen: var bound })
                {
                    left.Add((law.Key, $"no column for {string.Join(", ", missing)}"));
                    continue;
                }
                var (text, parameters) = Parse(law);
                double[][] columns = [.. text.Regressors.Select(r => bound.Find(r)!.Numbers!)];
                double[] y = bound.Columns[^1].Numbers!;
                var fit = FormulaFit.Fit(text, parameters, columns, y, new FormulaFitOptions { SearchPoints = 800, SearchDescents = 16 });
                var (held, seen) = Extrapolate(text, parameters, columns, y, fit, LawTable.Size(bound, law));
                ahead ??= seen;
                if (ahead.Length == held.Length) found.Add((law, text, fit, held));
                else left.Add((law.Key, "its rows are not those of the other laws"));
                count = Math.Max(count, y.Length);
            }
            catch (ScalingDataException e)
            {
                left.Add((law.Key, e.Message.TrimEnd('.')));
            }
        }
        if (found.Count == 0)
            throw new ScalingDataException(
                $"{table.Source}: no law could be fitted" + (left.Count > 0 ? $"; {left[0].Item1}: {left[0].Item2}." : "."));
        return Rank(found, left, ahead!, count);
    }

    /// <summary>The law's formula with bounds, as the fit takes them.</summary>
    internal static (FormulaText Text, IReadOnlyList<FormulaParameter> Parameters) Parse(RegisteredLaw law)
    {
        var text = new FormulaText(law.Formula, [.. law.Variables.Select(v => v.Symbol)]);
        return (text, [.. text.Parameters.Select(p => law.Bounds.FirstOrDefault(b => b.Name == p) ?? new FormulaParameter(p))]);
    }

    private static LawComparison Rank(
        List<(RegisteredLaw Law, FormulaText Text, FormulaFit Fit, double[] Held)> found, List<(string, string)> left, double[] ahead,
        int count)
    {
        double[] aic = [.. found.Select(f => Akaike(f.Fit))];
        double least = aic.Min(), total = aic.Sum(a => Math.Exp((least - a) / 2));
        double[] weights = ahead.Length > 0 ? Stack([.. found.Select(f => f.Held)], ahead) : [.. found.Select(_ => 1.0 / found.Count)];
        double Error(double[] held) => ahead.Length == 0 ? double.NaN : held.Select((h, i) => Math.Abs(h - ahead[i])).Average();
        double stacked = ahead.Length == 0
            ? double.NaN
            : Enumerable.Range(0, ahead.Length).Average(i => Math.Abs(found.Select((f, k) => weights[k] * f.Held[i]).Sum() - ahead[i]));
        var compared = found.Select((f, k) =>
            new ComparedLaw(f.Law, f.Fit, aic[k], Math.Exp((least - aic[k]) / 2) / total, Error(f.Held), weights[k]) { Formula = f.Text });
        return new LawComparison([.. compared.OrderBy(c => double.IsNaN(c.ExtrapolationError) ? c.Aic : c.ExtrapolationError)], left,
            stacked, count);
    }

    private static double Akaike(FormulaFit fit)
    {
        int n = fit.Residuals.Length, k = fit.FreeParameters + 1;
        return 2 * n * Math.Log(Math.Max(fit.Residuals.Average(Math.Abs), 1e-12)) + 2 * k + 2.0 * k * (k + 1) / Math.Max(n - k - 1, 1);
    }

    // ln of predictions of the runs above each cut by a refit to those below, and ln of what was seen there.
    private static (double[] Held, double[] Seen) Extrapolate(
        FormulaText text, IReadOnlyList<FormulaParameter> parameters, double[][] columns, double[] y, FormulaFit full, double[] scale)
    {
        var held = new List<double>();
        var seen = new List<double>();
        FormulaParameter[] starts = [.. parameters.Select((p, k) => p with { Start = full.Values[k], OtherStarts = [] })];
        int[] order = [.. Enumerable.Range(0, y.Length).OrderBy(i => scale[i])];
        foreach (double cut in s_cuts)
        {
            int at = (int)(y.Length * cut);
            int[] train = order[..at], test = order[at..];
            // The same cuts for all laws, or their predictions could not be stacked: a law that cannot be refitted keeps its full fit's
            // worst.
            double[][] Rows(int[] rows) => [.. columns.Select(v => rows.Select(i => v[i]).ToArray())];
            double[] values = full.Values;
            bool fitted = false;
            if (train.Length > full.FreeParameters + 1)
                try
                {
                    values = FormulaFit.Fit(text, starts, Rows(train), [.. train.Select(i => y[i])],
                        new FormulaFitOptions { SearchPoints = 150, SearchDescents = 4 }).Values;
                    fitted = true;
                }
                catch (ScalingDataException)
                {
                    // said by its large error below
                }
            double[] r = new ResidualProblem(new FormulaProgram(text, Rows(test), test.Length), [.. test.Select(i => y[i])],
                ResidualScale.Log).Residuals(values);
            double median = train.Length > 0 ? Math.Log(train.Select(i => y[i]).Order().ElementAt(train.Length / 2)) : Math.Log(y[0]);
            for (int k = 0; k < test.Length; k++)
            {
                double ln = Math.Log(y[test[k]]);
                seen.Add(ln);
                held.Add(fitted && double.IsFinite(r[k]) ? ln + r[k] : median);
            }
        }
        return ([.. held], [.. seen]);
    }

    // Weights on the simplex that minimise the squared error of the mean, by exponentiated gradient.
    private static double[] Stack(double[][] held, double[] seen)
    {
        int m = held.Length;
        double[] w = [.. Enumerable.Repeat(1.0 / m, m)];
        double size = Math.Max(held.Max(h => h.Select((v, i) => (v - seen[i]) * (v - seen[i])).Average()), 1e-12);
        for (int it = 0; it < 3000; it++)
        {
            double[] error = [.. seen.Select((s, i) => Enumerable.Range(0, m).Sum(k => w[k] * held[k][i]) - s)];
            double[] slope = [.. held.Select(h => 2 * h.Select((v, i) => error[i] * v).Average())];
            double lowest = slope.Min();
            for (int k = 0; k < m; k++) w[k] *= Math.Exp(-Math.Min((slope[k] - lowest) / size * 0.5, 20));
            double sum = w.Sum();
            for (int k = 0; k < m; k++) w[k] /= sum;
        }
        return w;
    }

    /// <summary>Rows of a table for people.</summary>
    public IEnumerable<IReadOnlyList<string>> Rows()
    {
        string P(double v) => double.IsNaN(v) ? "–" : (v * 1000).ToString("0.00", CultureInfo.InvariantCulture) + " ‰";
        foreach (var l in Laws)
            yield return [l.Law.Key, l.Fit.FreeParameters.ToString(CultureInfo.InvariantCulture), P(l.Fit.Residuals.Average(Math.Abs)),
                P(l.ExtrapolationError),
                l.Aic.ToString("0.0", CultureInfo.InvariantCulture), l.AkaikeWeight.ToString("0.000", CultureInfo.InvariantCulture),
                l.StackingWeight.ToString("0.000", CultureInfo.InvariantCulture),
                l.Fit.Unidentified.Count > 0 ? "not determined: " + string.Join(" ", l.Fit.Unidentified) : ""];
    }
}
