using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>Fits the over-training form of Gadre et al. by the Huber objective on log loss.</summary>
public static class OverTrainingFit
{
    /// <summary>Fits the over-training law to runs; <paramref name="delta"/> is the Huber threshold on log loss.</summary>
    /// <returns>The law and the fit's diagnostics (parameters lnA, lnB, c, lnE).</returns>
    public static (OverTrainingLaw Law, FormulaFit Fit) Fit(LossPoints points, double delta = 1e-3)
    {
        double mn = points.N.Average(Math.Log), md = points.D.Average(Math.Log), l = points.Loss.Min();
        // Centred inside, so that constants and exponent are not all but collinear.
        Formula centred = (p, row) => Dual.Exp(p[3]) + Dual.Exp(p[0] + p[2] * (row[0] - mn)) + Dual.Exp(p[1] + p[2] * (row[1] - md));
        var fit = FormulaFit.Fit(centred,
        [
            new("lnA", Math.Log(0.2 * l), OtherStarts: [Math.Log(0.02 * l)]),
            new("lnB", Math.Log(0.2 * l), OtherStarts: [Math.Log(0.02 * l)]),
            new("c", -0.3, -5, -1e-4, -0.1, -0.8), new("lnE", Math.Log(0.6 * l)),
        ], [.. points.N.Select((n, i) => new[] { Math.Log(n), Math.Log(points.D[i]) })], points.Loss,
        new FormulaFitOptions { Delta = delta });
        double c = fit["c"];
        return (
            new OverTrainingLaw(Math.Exp(fit["lnA"] - c * mn), Math.Exp(fit["lnB"] - c * md) / Math.Pow(6, c / 2), c, Math.Exp(fit["lnE"])),
            fit);
    }
}
