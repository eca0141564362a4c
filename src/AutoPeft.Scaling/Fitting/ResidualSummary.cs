using System.Globalization;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>How far runs lie from a law, and which lie farthest.</summary>
/// <param name="Rms">Root mean square residual.</param>
/// <param name="Scale">Robust scale: 1.4826 times the median absolute residual.</param>
/// <param name="Largest">Rows with their residuals (seen − fitted), the largest first.</param>
public sealed record ResidualSummary(double Rms, double Scale, IReadOnlyList<(int Row, double Residual)> Largest)
{
    /// <summary>Residuals beyond this many robust scales are outliers.</summary>
    private const double OutlierScales = 8;

    /// <summary>Summarises residuals: their size, their robust scale and the rows that lie farthest.</summary>
    /// <param name="residuals">Fitted minus seen.</param>
    /// <param name="rows">Row numbers.</param>
    /// <param name="parameters">Fitted parameters: a robust fit passes through about so many rows, which tell no scale.</param>
    public static ResidualSummary Of(double[] residuals, IReadOnlyList<int> rows, int parameters)
    {
        double[] abs = [.. residuals.Select(Math.Abs)];
        double scale = 1.4826 * SampleStats.Median([.. abs.Order().Skip(Math.Min(parameters, abs.Length - 1))]);
        return new ResidualSummary(Math.Sqrt(residuals.Average(r => r * r)), scale,
            [.. Enumerable.Range(0, residuals.Length).OrderByDescending(i => abs[i]).Take(5).Select(i => (rows[i], -residuals[i]))]);
    }

    /// <summary>Runs far outside the others, in words; null where there are none.</summary>
    public string? Outliers
    {
        get
        {
            var far = Largest.Where(l => Math.Abs(l.Residual) > Math.Max(OutlierScales * Scale, 0.01)).ToList();
            return far.Count == 0 ? null : string.Create(CultureInfo.InvariantCulture,
                $"{(far.Count == 1 ? "row" : "rows")} {string.Join(", ", far.Select(f => f.Row))} lie{(far.Count == 1 ? "s" : "")} "
                    + $"{Math.Abs(far[0].Residual) / Math.Max(Scale, 1e-12):0} times the usual residual from the law: look at them, or "
                    + $"leave them out with --where");
        }
    }

    /// <summary>The largest residuals in words.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture,
        $"residuals: root mean square {Rms * 1000:0.00} ‰, largest "
            + $"{string.Join(", ",
                Largest.Take(3)
                    .Select(l => string.Create(CultureInfo.InvariantCulture,
                        $"{Math.Round(l.Residual * 1000, 1) + 0.0:+0.0;−0.0;0.0} ‰ (row {l.Row})")))}");
}
