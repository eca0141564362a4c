using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.SelfTuning;

/// <summary>
/// The regularisation that is tuned: five numbers between 0 and a maximum. Each is the maximum times the logistic function of an
/// unconstrained number, which is what gradients move.
/// </summary>
/// <param name="AttentionDropout">Dropout of what attention's four linear maps read, 0 to 0.75.</param>
/// <param name="FeedForwardDropout">Dropout of what the feed-forward block's two linear maps read, 0 to 0.75.</param>
/// <param name="HeadDropout">Dropout of what pooler and classifier read, 0 to 0.75.</param>
/// <param name="LabelSmoothing">Share of a label that is spread over all classes (Szegedy et al. 2016), 0 to 0.5.</param>
/// <param name="TokenDropout">Share of the input's words that are masked, 0 to 0.5.</param>
internal sealed record Regularization(
    double AttentionDropout, double FeedForwardDropout, double HeadDropout, double LabelSmoothing, double TokenDropout)
{
    /// <summary>How many numbers there are, k.</summary>
    public const int Count = 5;

    /// <summary>The largest value of each, in the order of the constructor.</summary>
    public static IReadOnlyList<double> Maxima { get; } = [0.75, 0.75, 0.75, 0.5, 0.5];

    /// <summary>Their names in tables.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["attention_dropout", "feed_forward_dropout", "head_dropout", "label_smoothing", "token_dropout"];

    /// <summary>In the order of the constructor.</summary>
    public double[] Values => [AttentionDropout, FeedForwardDropout, HeadDropout, LabelSmoothing, TokenDropout];

    /// <summary>From values in the order of the constructor.</summary>
    public static Regularization Of(IReadOnlyList<double> values) => new(values[0], values[1], values[2], values[3], values[4]);

    /// <summary>
    /// The unconstrained numbers, k of them; values at the ends of their range are moved inside a little, where the logistic function has a
    /// slope.
    /// </summary>
    public double[] ToUnconstrained() => [.. Values.Select((v, i) =>
    {
        double share = Math.Clamp(v / Maxima[i], 1e-4, 1 - 1e-4);
        return Math.Log(share / (1 - share));
    })];

    /// <summary>Inverse of <see cref="ToUnconstrained"/>.</summary>
    public static Regularization FromUnconstrained(IReadOnlyList<double> numbers) =>
        Of([.. numbers.Select((n, i) => Maxima[i] / (1 + Math.Exp(-n)))]);

    /// <summary>Column <paramref name="index"/> of unconstrained numbers <c>[b, k]</c> as values <c>[b]</c>.</summary>
    internal static Tensor Column(Tensor unconstrained, int index) => unconstrained.select(1, index).sigmoid() * Maxima[index];
}
