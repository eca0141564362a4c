using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>One isoFLOP profile: runs of one compute budget and a curve of ln loss in ln N through them.</summary>
/// <param name="Compute">The profile's compute, FLOP (geometric mean).</param>
/// <param name="N">Model size N of each run of the profile, in parameters.</param>
/// <param name="Loss">Loss of each run of the profile, as stated.</param>
/// <param name="Curve">
/// ln loss = c₀ + c₁·u + c₂·u² + c₃·u³, u = ln N − <paramref name="Centre"/>; c₃ is shared by all profiles.
/// </param>
/// <param name="Centre">Mean of ln N over the profile's runs, at which the curve is centred.</param>
/// <param name="OptimalN">The minimum; null where the curve has none inside the runs.</param>
/// <param name="OptimalLoss">Loss of the curve at its minimum.</param>
/// <param name="OptimalNBand">95 % interval of the minimum.</param>
/// <param name="OptimalTokens">Tokens at the minimum: C/(k·N) with the profile's own k = C/(N·D).</param>
/// <param name="LogSd">Standard deviation of ln N at the minimum.</param>
public sealed record IsoFlopProfile(
    double Compute, double[] N, double[] Loss, double[] Curve, double Centre, double? OptimalN, double OptimalLoss, Interval OptimalNBand,
    double OptimalTokens, double LogSd)
{
    /// <summary>Loss of the curve at a model size.</summary>
    public double At(double n)
    {
        double u = Math.Log(n) - Centre;
        return Math.Exp(Curve[0] + u * (Curve[1] + u * (Curve[2] + u * Curve[3])));
    }
}
