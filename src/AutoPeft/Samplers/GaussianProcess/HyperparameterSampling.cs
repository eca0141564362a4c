using AutoPeft.Randomness;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// Draws hyperparameters from their posterior by Hamiltonian Monte Carlo (Neal 2011) from the mode. With few trials many length scales
/// explain the data about as well, and the most probable ones alone are sure of what nobody has looked at: parameters that were hardly
/// varied seem not to matter, and the search stays away from them. Averaging over draws (Snoek, Larochelle and Adams 2012) keeps the doubt.
/// </summary>
internal static class HyperparameterSampling
{
    /// <summary>
    /// Leapfrog steps of a draw and their length in standard deviations: together a quarter of an oscillation, after which position and
    /// start are independent in a normal posterior.
    /// </summary>
    private const int Steps = 5;

    private const double StepLength = 0.3;

    /// <summary>Difference by which curvature is measured.</summary>
    private const double Difference = 0.05;

    /// <summary>Least curvature of −log posterior: a third of the length-scale prior's.</summary>
    private const double LeastCurvature = 1.0 / 9;

    /// <summary>Logarithms of the posterior's standard deviations along the axes at its mode, from its curvature there.</summary>
    public static Hyperparameters Scales(TrainingSet set, double[] targets, HyperparameterPrior prior, Hyperparameters mode)
    {
        var likelihood = new MarginalLikelihood(set, targets, prior);
        double[] theta = mode.ToVector(), scales = new double[theta.Length], gradient = new double[theta.Length],
            shifted = new double[theta.Length];
        likelihood.Evaluate(theta, gradient);
        for (int i = 0; i < theta.Length; i++)
        {
            double here = theta[i];
            theta[i] += Difference;
            double curvature = double.IsFinite(likelihood.Evaluate(theta, shifted)) ? (shifted[i] - gradient[i]) / Difference : 1;
            theta[i] = here;
            scales[i] = -0.5 * Math.Log(curvature > LeastCurvature ? curvature : LeastCurvature);
        }
        return Hyperparameters.FromVector(scales, prior.MainEffects).Rounded();
    }

    /// <summary><paramref name="count"/> draws; fewer distinct ones where steps are refused.</summary>
    /// <param name="set">n points.</param>
    /// <param name="targets">n standardised values.</param>
    /// <param name="prior">Beliefs.</param>
    /// <param name="start">Where the chain starts.</param>
    /// <param name="scales">Logarithms of step lengths, see <see cref="Scales"/>.</param>
    /// <param name="count">How many.</param>
    /// <param name="random">Where they come from.</param>
    public static Hyperparameters[] Draw(TrainingSet set, double[] targets, HyperparameterPrior prior, Hyperparameters start,
        Hyperparameters scales, int count, Philox random)
    {
        var likelihood = new MarginalLikelihood(set, targets, prior);
        double[] theta = start.ToVector(), scale = [.. scales.ToVector().Select(Math.Exp)];
        int d = theta.Length;
        double[] gradient = new double[d], shifted = new double[d], momentum = new double[d], at = new double[d];
        double energy = likelihood.Evaluate(theta, gradient);
        var drawn = new Hyperparameters[count];
        if (!double.IsFinite(energy))
        {
            Array.Fill(drawn, start);
            return drawn;
        }
        (double[] low, double[] high) = prior.Box(set.Map.GroupCount);
        for (int k = 0; k < count; k++)
        {
            theta.CopyTo(at, 0);
            gradient.CopyTo(shifted, 0);
            double before = energy, after = energy;
            for (int i = 0; i < d; i++)
            {
                momentum[i] = random.NextNormal();
                before += 0.5 * momentum[i] * momentum[i];
            }
            for (int step = 0; step < Steps && double.IsFinite(after); step++)
            {
                for (int i = 0; i < d; i++)
                {
                    momentum[i] -= 0.5 * StepLength * scale[i] * shifted[i];
                    at[i] += StepLength * scale[i] * momentum[i];
                    if (at[i] < low[i]) (at[i], momentum[i]) = (2 * low[i] - at[i], -momentum[i]);
                    if (at[i] > high[i]) (at[i], momentum[i]) = (2 * high[i] - at[i], -momentum[i]);
                    at[i] = Math.Clamp(at[i], low[i], high[i]);
                }
                after = likelihood.Evaluate(at, shifted);
                for (int i = 0; i < d; i++) momentum[i] -= 0.5 * StepLength * scale[i] * shifted[i];
            }
            double reached = after;
            for (int i = 0; i < d; i++) after += 0.5 * momentum[i] * momentum[i];
            if (random.NextDouble() < Math.Exp(before - after))
            {
                at.CopyTo(theta, 0);
                shifted.CopyTo(gradient, 0);
                energy = reached;
            }
            drawn[k] = Hyperparameters.FromVector([.. theta], prior.MainEffects).Rounded();
        }
        return drawn;
    }
}
