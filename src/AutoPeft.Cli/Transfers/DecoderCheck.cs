using AutoPeft.Parametrization;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;
using Rules = AutoPeft.Parametrization.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>The coordinate check of the decoder.</summary>
/// <param name="Axis">What grows.</param>
/// <param name="Sizes">Widths or depths.</param>
/// <param name="Width">Width, where depths are checked.</param>
/// <param name="Layers">Layers, where widths are checked.</param>
/// <param name="Parametrization">One of <see cref="GrowingDecoder.Names"/>.</param>
internal sealed record DecoderCheck(CoordinateAxis Axis, IReadOnlyList<int> Sizes, int Width, int Layers, string Parametrization)
{
    // Gradients of wide models are small; the check is about widths, not about epsilon.
    private const double Epsilon = 1e-12;

    // Of the one sequence; more tokens than the smallest width make slopes lean downwards.
    private const int Tokens = 32;

    /// <summary>The base's rate; larger than for training, so that faults show. Default: 0.01.</summary>
    public double LearningRate { get; init; } = 1e-2;

    /// <summary>Runs the check on the beginning of a text.</summary>
    /// <exception cref="InvalidInputException">There are fewer than three sizes, one cannot be built, or the text is too short.</exception>
    public CoordinateReport Run(int[] text, CoordinateCheckOptions options, IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        if (text.Length <= Tokens) throw new InvalidInputException($"the text has {text.Length} bytes; a check needs {Tokens + 1} or more");
        if (!(LearningRate > 0) || !double.IsFinite(LearningRate))
            throw new InvalidInputException($"--learning-rate is {LearningRate}; it must be positive");
        set_num_threads(1);
        bool deep = Axis == CoordinateAxis.Depth;
        Rules rules = new GrowingDecoder(deep ? Width : Sizes.Min(), deep ? Sizes.Min() : Layers)
            .Parametrization(Parametrization, new TrainingGrowth());
        return CoordinateCheck.Run(Sizes, (size, seed) =>
        {
            DecoderModel model = GrowingDecoder.Create(deep ? Width : size, deep ? size : Layers, Tokens, (ulong)seed);
            model.ShowsAttentionLogits = true;
            rules.Apply(model);
            return new CoordinateSubject(model, rules.AdamW(model, LearningRate, epsilon: Epsilon), () => Loss(model, text))
            {
                Parametrization = rules,
                LearningRate = LearningRate,
            };
        }, options with { Axis = Axis }, progress, cancellationToken);
    }

    private static Tensor Loss(DecoderModel model, int[] text)
    {
        Tensor ids = tensor(Array.ConvertAll(text[..(Tokens + 1)], id => (long)id)).unsqueeze(0);
        return nn.functional.cross_entropy(model.call(ids[.., ..Tokens]).flatten(0, 1), ids[.., 1..].flatten());
    }
}
