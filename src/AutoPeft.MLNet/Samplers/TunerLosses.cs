using AutoPeft.Randomness;
using AutoPeft.Studies;

namespace AutoPeft.MLNet.Samplers;

/// <summary>
/// One number from 0 (best) to 1 (worst) for each trial with a usable result: ML.NET's tuners know one loss. Several objectives are
/// scalarised by the augmented Chebyshev function with ρ = 0.05 (ParEGO: Knowles 2006). A trial that failed, was pruned or broke an
/// outcome constraint counts as the worst, as a crash does in SMAC.
/// </summary>
internal sealed class TunerLosses
{
    private const double Augmentation = 0.05;

    // A loss this many times as far above the median as the best is below it says "bad" and no more; a diverged trial must not flatten all
    // the others for a regression tree.
    private const double Tail = 3;

    private readonly Dictionary<int, double> _losses = [];

    /// <param name="study">What is known.</param>
    /// <param name="weights">One per objective, summing to 1.</param>
    /// <param name="cutTail">Whether very bad losses are brought nearer; the order of the others stays.</param>
    public TunerLosses(IStudyView study, double[] weights, bool cutTail)
    {
        Trial[] trials = [.. study.Completed.Where(t => t.IsFeasible && t.Losses.All(double.IsFinite))];
        if (trials.Length == 0) return;
        var worst = new double[trials.Length];
        var sum = new double[trials.Length];
        for (int j = 0; j < weights.Length; j++)
        {
            // Halved, so that the range of the largest doubles is finite.
            double[] losses = [.. trials.Select(t => t.Losses[j] / 2)];
            double[] sorted = [.. losses.Order()];
            double low = sorted[0], middle = sorted[sorted.Length / 2], high = sorted[^1];
            if (cutTail && middle > low) high = Math.Min(high, middle / 2 + Tail / 2 * (middle - low) + middle / 2);
            for (int i = 0; i < losses.Length; i++)
            {
                double unit = high > low ? Math.Min((losses[i] - low) / (high - low), 1) : 0;
                worst[i] = Math.Max(worst[i], weights[j] * unit);
                sum[i] += weights[j] * unit;
            }
        }
        for (int i = 0; i < trials.Length; i++)
            _losses[trials[i].Number] = weights.Length == 1 ? worst[i] : (worst[i] + Augmentation * sum[i]) / (1 + Augmentation);
    }

    /// <summary>Whether any trial has a usable result.</summary>
    public bool Any => _losses.Count > 0;

    /// <summary>The loss of a trial that ended.</summary>
    public double Of(Trial trial) => _losses.GetValueOrDefault(trial.Number, 1);

    /// <summary>Whether a trial has a usable result.</summary>
    public bool Has(Trial trial) => _losses.ContainsKey(trial.Number);

    /// <summary>Equal weights.</summary>
    public static double[] Even(int objectives) => [.. Enumerable.Repeat(1.0 / objectives, objectives)];

    /// <summary>Uniform on the simplex.</summary>
    public static double[] Draw(int objectives, Philox random)
    {
        if (objectives == 1) return [1];
        double[] exponential = [.. Enumerable.Range(0, objectives).Select(_ => -Math.Log(1 - random.NextDouble()))];
        double total = exponential.Sum();
        return [.. exponential.Select(e => e / total)];
    }
}
