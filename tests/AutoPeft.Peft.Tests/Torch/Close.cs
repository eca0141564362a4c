using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Torch;

/// <summary>Compares a tensor with numbers, whatever its shape.</summary>
internal static class Close
{
    internal static void To(double[] expected, Tensor actual, double tolerance = 1e-6)
    {
        using var scope = NewDisposeScope();
        var values = actual.detach().to(float64).reshape(-1).data<double>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - values[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])),
                $"element {i}: expected {expected[i]}, got {values[i]}");
    }
}
