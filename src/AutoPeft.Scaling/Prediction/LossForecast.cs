using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Prediction;

/// <summary>
/// The loss of a run that was not made, with the band that the run falls into: from E + A/N^α + B/D^β where the runs support that form,
/// else from c·N^a·D^b, which a narrow range of sizes cannot be told apart from. Immutable.
/// </summary>
/// <param name="Loss">Loss that the run is predicted to reach.</param>
/// <param name="Band">Band of a run: law, run noise and error of the form.</param>
/// <param name="Law">The law, and why it is the simple one where it is.</param>
public sealed record LossForecast(double Loss, Interval Band, string Law)
{
    /// <summary>Predicts the final loss of a run at an N and D from the runs made so far.</summary>
    /// <param name="points">Runs, the best of each N and D.</param>
    /// <param name="n">N, parameters.</param>
    /// <param name="d">D, tokens.</param>
    /// <param name="compute">C of the run, FLOP.</param>
    /// <param name="level">Probability inside the band. Default 0.9.</param>
    /// <param name="cancel">Stops the fit.</param>
    /// <exception cref="ScalingDataException">The runs are too few, or have one N or D only.</exception>
    public static LossForecast Of(LossPoints points, double n, double d, double compute, double level = 0.9,
        CancellationToken cancel = default)
    {
        string why;
        try
        {
            LossLawFit fit = LossLawFit.Fit(points, cancel: cancel);
            if (fit.Identifiability.Unidentified.Count == 0)
            {
                double form = Backtest.Run(points, cancel: cancel).FormRate;
                LossPrediction p = LossLawUncertainty.Of(points, fit.Law).Predict(n, d, compute / points.Compute.Max(), form, level);
                return new LossForecast(p.Loss, p.RunBand, string.Create(CultureInfo.InvariantCulture,
                    $"L = {fit.Law.E:0.000} + {fit.Law.A:G3}/N^{fit.Law.Alpha:0.000} + {fit.Law.B:G3}/D^{fit.Law.Beta:0.000}"));
            }
            why = fit.Warnings[0];
        }
        catch (FitDidNotConvergeException e)
        {
            why = e.Reason;
        }
        return Simple(points, n, d, level, why);
    }

    private static LossForecast Simple(LossPoints points, double n, double d, double level, string why)
    {
        PowerLawFit fit = PowerLawFit.Fit(["N", "D"], [points.N, points.D], points.Loss);
        int freedom = points.Count - 3;
        if (freedom < 1 || !fit.IsIdentified)
            throw new ScalingDataException($"{points.Count} points foretell nothing: {(freedom < 1 ? "too few" : fit.Warnings[0])}.");
        double scatter = fit.Linear.ResidualSd, form = FormRate(points) * Math.Max(0, Math.Log(n / points.N.Max()));
        return new LossForecast(fit.Law.Predict(n, d), fit.ObservationBand([n, d], level, scatter * scatter + form * form),
            $"L = {fit.Law} (no floor: {why})");
    }

    /// <summary>
    /// How far a law without floor misses a size beyond its own, in ln loss for each e-fold of N: root mean square over the sizes that two
    /// smaller ones or more foretell. 0 where there is none.
    /// </summary>
    private static double FormRate(LossPoints points)
    {
        double[] sizes = [.. points.N.Distinct().Order()];
        var rates = new List<double>();
        for (int k = 2; k < sizes.Length; k++)
        {
            int[] below = [.. Enumerable.Range(0, points.Count).Where(i => points.N[i] < sizes[k])];
            int[] at = [.. Enumerable.Range(0, points.Count).Where(i => points.N[i] == sizes[k])];
            if (below.Select(i => points.D[i]).Distinct().Count() < 2) continue;
            LossPoints some = points.Take(below);
            PowerLawFit fit = PowerLawFit.Fit(["N", "D"], [some.N, some.D], some.Loss);
            if (!fit.IsIdentified) continue;
            double error = at.Average(i => Math.Log(points.Loss[i] / fit.Law.Predict(points.N[i], points.D[i])));
            rates.Add(error / Math.Log(sizes[k] / sizes[k - 1]));
        }
        return rates.Count == 0 ? 0 : Math.Sqrt(rates.Average(r => r * r));
    }
}
