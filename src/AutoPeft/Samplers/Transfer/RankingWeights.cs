using AutoPeft.Randomness;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// The weights of the ranking-weighted ensemble (Feurer, Letham, Hutter and Bakshy, "Practical transfer learning for Bayesian
/// optimization", 2018): a model's weight is how often, over draws of its leave-one-out predictions, it puts the known trials in an order
/// with the fewest pairs wrong. An earlier study that misleads loses its weight as soon as trials show it.
/// </summary>
internal static class RankingWeights
{
    private const int Draws = 256;

    /// <summary>One per model; they sum to 1.</summary>
    /// <param name="models">Leave-one-out means and variances of n targets; the new study's own model first.</param>
    /// <param name="targets">n standardised targets.</param>
    /// <param name="random">Source of the draws.</param>
    public static double[] Of(IReadOnlyList<(double[] Means, double[] Variances)> models, double[] targets, Philox random)
    {
        var losses = new int[models.Count][];
        for (int k = 0; k < models.Count; k++)
        {
            (double[] means, double[] variances) = models[k];
            losses[k] = new int[Draws];
            var draw = new double[targets.Length];
            for (int s = 0; s < Draws; s++)
            {
                for (int i = 0; i < draw.Length; i++) draw[i] = means[i] + Math.Sqrt(variances[i]) * random.NextNormal();
                losses[k][s] = Misranked(draw, targets);
            }
        }
        // Against dilution by many models that are each best now and then: one whose usual loss is worse than nearly all of the own model's
        // is left out.
        int[] own = [.. losses[0].Order()];
        int limit = own[(int)(0.95 * (Draws - 1))];
        bool[] kept = [.. losses.Select((l, k) => k == 0 || l.Order().ElementAt(Draws / 2) <= limit)];
        var weights = new double[models.Count];
        for (int s = 0; s < Draws; s++)
        {
            int least = Enumerable.Range(0, models.Count).Where(k => kept[k]).Min(k => losses[k][s]);
            int[] best = [.. Enumerable.Range(0, models.Count).Where(k => kept[k] && losses[k][s] == least)];
            foreach (int k in best) weights[k] += 1.0 / (best.Length * Draws);
        }
        return weights;
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
