using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>
/// A buffer that says which plan's initial scales and multipliers a model has. It is saved and loaded with the weights, so that neither a
/// second application nor a checkpoint of another plan goes unnoticed.
/// </summary>
internal static class AppliedMark
{
    /// <summary>The buffer's name.</summary>
    public const string Buffer = "applied_parametrization";

    /// <summary>The fingerprint of the plan that was applied; null: none was.</summary>
    public static long? Read(nn.Module model) =>
        model.named_buffers().FirstOrDefault(b => b.name == Buffer || b.name.EndsWith("." + Buffer, StringComparison.Ordinal))
            .buffer?.ToInt64();

    /// <summary>Marks a model. A container that lists no buffers of its own is marked at its first part that does.</summary>
    public static void Write(nn.Module model, long fingerprint)
    {
        foreach (var (_, module) in ModelTensor.Modules(model))
        {
            module.register_buffer(Buffer, tensor(fingerprint, dtype: ScalarType.Int64).DetachFromDisposeScope());
            if (Read(model) is not null) return;
        }
        throw new InvalidOperationException("no module of the model keeps buffers");
    }
}
