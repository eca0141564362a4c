using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;

namespace AutoPeft.Scaling.Fitting;

/// <summary>How a loss law, refitted without some runs, predicts them.</summary>
/// <param name="Protocol">largest-n, largest-d or largest-compute.</param>
/// <param name="Count">Number of runs held out.</param>
/// <param name="MeanAbsolute">Mean |ln L̂ − ln L| on them.</param>
/// <param name="Bias">Mean ln L̂ − ln L over the held-out runs.</param>
/// <param name="PublishedMeanAbsolute">The same error of the published Chinchilla refit, whose constants belong to its own data and
/// tokenizer.</param>
/// <param name="ConstantMeanAbsolute">The same error of the training runs' median loss: what knowing nothing is worth.</param>
public sealed record LossHeldOut(string Protocol, int Count, double MeanAbsolute, double Bias, double PublishedMeanAbsolute,
    double ConstantMeanAbsolute)
{
    /// <summary>The share of runs that a cut holds out, at least.</summary>
    private const double TestShare = 0.2;

    /// <summary>Starts of the refits: coarse, as the full fit has already searched widely.</summary>
    private static readonly StartGrid s_starts = new() { A = [0, 10, 20], B = [0, 10, 20], E = [0], Alpha = [0.5, 1], Beta = [0.5, 1] };

    /// <summary>Which runs were held out, in words for a reader.</summary>
    public string Name =>
        Protocol switch { "largest-n" => "largest N held out", "largest-d" => "largest D held out", _ => "most compute held out" };

    /// <summary>Runs the cuts that the data allow.</summary>
    /// <param name="points">The runs.</param>
    /// <param name="options">Objective and threshold of the refits. Default: those of a fit.</param>
    public static IReadOnlyList<LossHeldOut> RunAll(LossPoints points, LossLawFitOptions? options = null)
    {
        var results = new List<LossHeldOut>();
        foreach (var (name,
            key) in new (string, Func<int, double>)[] { ("largest-n", i => points.N[i]), ("largest-d", i => points.D[i]),
                ("largest-compute", i => points.Compute[i]) })
        {
            int[] order = [.. Enumerable.Range(0, points.Count).OrderBy(key)];
            double cut = key(order[(int)(points.Count * (1 - TestShare))]);
            int[] train = [.. order.Where(i => key(i) < cut)], test = [.. order.Where(i => key(i) >= cut)];
            if (train.Length < 8 || test.Length == 0) continue;
            try
            {
                var law = LossLawFit.Fit(points.Take(train), (options ?? new LossLawFitOptions()) with { Starts = s_starts }).Law;
                double Error(int i, LossLaw l) => Math.Log(l.Loss(points.N[i], points.D[i]) / points.Loss[i]);
                double median = train.Select(i => points.Loss[i]).Order().ElementAt(train.Length / 2);
                results.Add(new LossHeldOut(name, test.Length, test.Average(i => Math.Abs(Error(i, law))), test.Average(i => Error(i, law)),
                    test.Average(i => Math.Abs(Error(i, LossLaw.ChinchillaRefit))),
                    test.Average(i => Math.Abs(Math.Log(median / points.Loss[i])))));
            }
            catch (ScalingDataException)
            {
                // what is left does not support the form: the protocol has nothing to say
            }
        }
        return results;
    }
}
