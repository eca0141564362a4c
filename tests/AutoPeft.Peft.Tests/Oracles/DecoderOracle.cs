using AutoPeft.Peft.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Oracles;

/// <summary>
/// The tiny decoders of <c>decoder_oracle.py</c>: shapes, formula-made weights, inputs; the numbers are in the other half.
/// </summary>
internal static partial class DecoderOracle
{
    private static readonly DecoderConfig Llamas = new()
    {
        VocabSize = 29,
        HiddenSize = 12,
        NumHiddenLayers = 2,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 2,
        HeadDim = 6,
        IntermediateSize = 20,
        MaxPositionEmbeddings = 24,
    };

    public static DecoderConfig Config(string family) => family switch
    {
        "Llama" => Llamas,
        "Qwen2" => Llamas with { ModelType = "qwen2", HeadDim = 4, TieWordEmbeddings = true, RopeTheta = 1e6, NormEps = 1e-6 },
        "Qwen3" => Llamas with { ModelType = "qwen3", NormEps = 1e-6 },
        "Llama3" => Llamas with { RopeScaling = new Llama3RopeScaling(8, 1, 4, 200) },
        "Mistral" => Llamas with { ModelType = "mistral", SlidingWindow = 3 },
        "Gpt2" => Llamas with
        {
            ModelType = "gpt2",
            NumAttentionHeads = 3,
            NumKeyValueHeads = null,
            HeadDim = null,
            IntermediateSize = 48,
            HiddenAct = "gelu_new",
            TieWordEmbeddings = true,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(family)),
    };

    /// <summary>Logits behind the last token of both rows of <see cref="Inputs"/>.</summary>
    public static double[] Expected(string family) => family switch
    {
        "Llama" => Llama,
        "Qwen2" => Qwen2,
        "Qwen3" => Qwen3,
        "Mistral" => Mistral,
        "Llama3" => Llama3,
        _ => Gpt2,
    };

    public static Tensor Inputs() => tensor([1L, 7, 3, 28, 11, 0, 5, 2, 2, 19, 4, 23, 8, 16]).view(2, 7);

    /// <summary>A model of the family in float64, every parameter by the formula.</summary>
    public static DecoderModel Model(string family)
    {
        DecoderModel model = DecoderModel.Create(Config(family), seed: 1);
        model.to(ScalarType.Float64);
        model.eval();
        using var mode = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            using Tensor made = Made(name, parameter.shape);
            parameter.copy_(made);
        }
        return model;
    }

    private static Tensor Made(string name, long[] shape)
    {
        double phase = name.Select((c, i) => (i + 1L) * c).Sum() % 997 * 0.01;
        bool norm = name.Contains("norm.weight", StringComparison.Ordinal)
            || name.Contains("ln_", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal);
        int count = (int)shape.Aggregate(1L, (p, s) => p * s);
        return tensor([.. Enumerable.Range(0, count).Select(i => (norm ? 1 : 0) + 0.3 * Math.Sin(0.7 * i + phase))]).view(shape);
    }
}
