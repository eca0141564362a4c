using AutoPeft.Peft.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Oracles;

/// <summary>The tiny BERT of <c>bert_oracle.py</c>: shape, formula-made weights, inputs; the numbers are in the other half.</summary>
internal static partial class BertOracle
{
    public const int Labels = 3;

    public static BertConfig Config { get; } = new()
    {
        VocabSize = 29,
        HiddenSize = 12,
        NumHiddenLayers = 2,
        NumAttentionHeads = 3,
        IntermediateSize = 20,
        MaxPositionEmbeddings = 24,
        HiddenDropoutProb = 0,
        AttentionProbsDropoutProb = 0,
    };

    public static (Tensor Ids, Tensor Types, Tensor Mask) Inputs() => (
        tensor([.. from i in Enumerable.Range(0, 2) from j in Enumerable.Range(0, 7) select (5L * i + 3 * j + 1) % 29]).view(2, 7),
        tensor([0L, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1]).view(2, 7),
        tensor([1L, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]).view(2, 7));

    /// <summary>Fills every parameter by the formula.</summary>
    public static void Fill(nn.Module model)
    {
        using var mode = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            using var made = Made(name, parameter.shape);
            parameter.copy_(made);
        }
    }

    public static Tensor Made(string name, long[] shape)
    {
        var phase = name.Select((c, i) => (i + 1L) * c).Sum() % 997 * 0.01;
        var start =
            name.EndsWith("LayerNorm.weight", StringComparison.Ordinal) || name.EndsWith("vector", StringComparison.Ordinal) ? 1.0 : 0.0;
        var count = shape.Aggregate(1L, (p, s) => p * s);
        return tensor([.. Enumerable.Range(0, (int)count).Select(i => start + 0.3 * Math.Sin(0.7 * i + phase))]).view(shape);
    }

    public static double[] Values(Tensor t)
    {
        using var flat = t.detach().to(ScalarType.Float64).contiguous().view(-1);
        return flat.data<double>().ToArray();
    }

    public static void AssertClose(double[] expected, Tensor actual, double tolerance)
    {
        var values = Values(actual);
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - values[i]) <= tolerance, $"number {i}: expected {expected[i]:R}, got {values[i]:R}");
    }
}
