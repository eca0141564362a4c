using AutoPeft.Parametrization;
using AutoPeft.Peft.Models;
using static TorchSharp.torch;
using Rules = AutoPeft.Parametrization.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>The coordinate check of the decoder.</summary>
/// <param name="Widths">Widths; with depths, the first is the width of all models.</param>
/// <param name="Depths">Depths; empty: the widths are checked.</param>
/// <param name="Layers">Layers, where widths are checked.</param>
/// <param name="Parametrization">One of <see cref="GrowingDecoder.Names"/>.</param>
/// <param name="LearningRate">The base's rate; large, so that faults show.</param>
/// <param name="Tokens">Tokens of the one sequence; fewer than the smallest width, since more of them make slopes lean downwards.</param>
internal sealed record DecoderCheck(
    IReadOnlyList<int> Widths, IReadOnlyList<int> Depths, int Layers, string Parametrization, double LearningRate, int Tokens)
{
    // Gradients of wide models are small; the check is about widths, not about epsilon.
    private const double Epsilon = 1e-12;

    /// <summary>Runs the check on the beginning of a text.</summary>
    public CoordinateReport Run(int[] text, CoordinateCheckOptions options, IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        if (text.Length <= Tokens) throw new InvalidInputException($"the text has {text.Length} bytes; a check needs {Tokens + 1} or more");
        set_num_threads(1);
        bool deep = Depths.Count > 0;
        int layers = deep ? Depths.Min() : Layers;
        Rules rules = new GrowingDecoder(Widths.Min(), layers).Parametrization(Parametrization);
        return CoordinateCheck.Run(deep ? Depths : Widths, (size, seed) =>
        {
            DecoderModel model = GrowingDecoder.Create(deep ? Widths.Min() : size, deep ? size : Layers, Tokens, (ulong)seed);
            rules.Apply(model);
            return new CoordinateSubject(model, rules.AdamW(model, LearningRate, epsilon: Epsilon), () => Loss(model, text))
            {
                Parametrization = rules,
                LearningRate = LearningRate,
            };
        }, options with { Axis = deep ? CoordinateAxis.Depth : CoordinateAxis.Width }, progress, cancellationToken);
    }

    private Tensor Loss(DecoderModel model, int[] text)
    {
        Tensor ids = tensor(Array.ConvertAll(text[..(Tokens + 1)], id => (long)id)).unsqueeze(0);
        return nn.functional.cross_entropy(model.call(ids[.., ..Tokens]).flatten(0, 1), ids[.., 1..].flatten());
    }
}
