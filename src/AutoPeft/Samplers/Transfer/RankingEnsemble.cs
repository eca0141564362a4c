using AutoPeft.Randomness;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// The ranking-weighted ensemble (Feurer, Letham, Hutter and Bakshy, "Practical transfer learning for Bayesian optimization", 2018): a model's weight is how often, over draws of its leave-one-out
/// predictions, it puts the known trials in an order with the fewest pairs wrong. An earlier study that misleads loses its weight as soon as trials show it.
/// </summary>
internal sealed class RankingEnsemble
{
    private const int Draws = 256;

    private readonly TargetModel[] _models;

    /// <param name="models">The new study's own model first.</param>
    /// <param name="targets">n standardised targets.</param>
    /// <param name="random">Source of the draws.</param>
    public RankingEnsemble(TargetModel[] models, double[] targets, Philox random)
    {
        _models = models;
        var losses = new int[models.Length][];
        for (int k = 0; k < models.Length; k++)
        {
            (double[] means, double[] variances) = models[k].LeaveOneOut;
            losses[k] = new int[Draws];
            var draw = new double[targets.Length];
            for (int s = 0; s < Draws; s++)
            {
                for (int i = 0; i < draw.Length; i++) draw[i] = means[i] + Math.Sqrt(variances[i]) * random.NextNormal();
                losses[k][s] = Misranked(draw, targets);
            }
        }
        // Against dilution by many models that are each best now and then: one whose usual loss is worse than nearly all of the own model's is left out.
        int[] own = [.. losses[0].Order()];
        int limit = own[(int)(0.95 * (Draws - 1))];
        bool[] kept = [.. losses.Select((l, k) => k == 0 || l.Order().ElementAt(Draws / 2) <= limit)];
        Weights = new double[models.Length];
        for (int s = 0; s < Draws; s++)
        {
            int least = Enumerable.Range(0, models.Length).Where(k => kept[k]).Min(k => losses[k][s]);
            int[] best = [.. Enumerable.Range(0, models.Length).Where(k => kept[k] && losses[k][s] == least)];
            foreach (int k in best) Weights[k] += 1.0 / (best.Length * Draws);
        }
    }

    /// <summary>One per model; they sum to 1.</summary>
    public double[] Weights { get; }

    /// <summary>Mean and variance of the mixture: models that disagree are uncertain.</summary>
    public (double Mean, double Variance) Predict(ReadOnlySpan<double> features)
    {
        double mean = 0, square = 0;
        for (int k = 0; k < _models.Length; k++)
        {
            if (Weights[k] < 0.01) continue;
            (double m, double v) = _models[k].Predict(features);
            mean += Weights[k] * m;
            square += Weights[k] * (v + m * m);
        }
        double total = Weights.Where(w => w >= 0.01).Sum();
        mean /= total;
        return (mean, Math.Max(square / total - mean * mean, 1e-12));
    }

    private static int Misranked(double[] predicted, double[] targets)
    {
        int wrong = 0;
        for (int i = 0; i < targets.Length; i++)
            for (int j = 0; j < i; j++)
                if (predicted[i] < predicted[j] != targets[i] < targets[j]) wrong++;
        return wrong;
    }
}
