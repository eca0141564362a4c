using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>The weights with which a fresh decoder starts.</summary>
internal static class DecoderStart
{
    /// <summary>Matrices from N(0, σ²), norms one, biases zero.</summary>
    public static void Fill(DecoderModel model, ulong seed)
    {
        DecoderConfig config = model.Config;
        using var mode = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (parameter.dim() < 2) continue;
            bool addsToResidual = config.IsGpt2 && name.EndsWith(".c_proj.weight", StringComparison.Ordinal);
            double deviation = config.InitializerRange / (addsToResidual ? Math.Sqrt(2.0 * config.NumHiddenLayers) : 1);
            Fill(parameter, deviation, NamedSeed.Of(seed, name));
        }
    }

    // Drawn on the CPU in float32 whatever the target is, so that a seed means one start on every device and in every type.
    private static void Fill(Parameter target, double deviation, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        Tensor drawn = empty(target.shape, dtype: ScalarType.Float32);
        drawn.normal_(0, deviation, generator);
        target.copy_(drawn);
    }
}
