namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// The Huber likelihood with a free scale. For residuals r and scale σ the density of x = r/σ is exp(−ρ_δ(x))/Z, so
/// −log-likelihood = Σρ_δ(r/σ) + n·ln σ + n·ln Z with Z = √(2π)·erf(δ/√2) + 2·exp(−δ²/2)/δ.
/// </summary>
internal static class HuberLikelihood
{
    /// <summary>Minimises over θ and σ, following the minimum as the threshold δσ falls from δ to its own level.</summary>
    public static (double[] Theta, double Sigma, double Value) Minimise(HuberLossObjective objective, double[] theta, double delta,
        double n)
    {
        double t = delta;
        double sigma = 1;
        for (int i = 0; i < 60; i++)
        {
            theta = MajorisedNewton.Minimise(objective, theta, t, 1e-15).Theta;
            // Stationary in σ: σ = (δ/n)·Σ min(|r|, r²/t).
            sigma = delta / n * objective.ScaleSum(theta, t);
            double next = Math.Max(delta * sigma, t / 4);
            if (Math.Abs(next - t) <= 1e-13 * t) break;
            t = next;
        }
        return (theta, sigma, Value(objective.Value(theta, delta * sigma), sigma, delta, n));
    }

    private static double Value(double f, double sigma, double delta, double n)
    {
        // erf(δ/√2) to the precision that δ = 1e-3 needs, by its series; the tails' part of Z dominates anyway.
        double z = delta / Math.Sqrt(2), erf = 2 / Math.Sqrt(Math.PI) * (z - z * z * z / 3 + Math.Pow(z, 5) / 10 - Math.Pow(z, 7) / 42);
        double norm = Math.Sqrt(2 * Math.PI) * erf + 2 * Math.Exp(-delta * delta / 2) / delta;
        return delta / sigma * f + n * Math.Log(sigma) + n * Math.Log(norm);
    }
}
