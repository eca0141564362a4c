using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// What the logits of an attention pass through for hooks to see them: q·k × scale, −∞ where a position is masked. A child of the
/// attention, without tensors, while somebody wants to see them.
/// </summary>
internal sealed class ShownLogits() : nn.Module<Tensor, Tensor>(nameof(ShownLogits))
{
    /// <summary>The child's name.</summary>
    public const string ModuleName = "logits";

    /// <inheritdoc/>
    public override Tensor forward(Tensor logits) => logits;

    /// <summary>A new child of an attention, or none.</summary>
    /// <param name="attention">The attention.</param>
    /// <param name="now">Its child now; null: none.</param>
    /// <param name="shown">Whether it has one from now on.</param>
    public static ShownLogits? Set(nn.Module attention, ShownLogits? now, bool shown)
    {
        if (shown == now is not null) return now;
        ShownLogits? next = shown ? new ShownLogits() : null;
        attention.register_module(ModuleName, next!);
        now?.Dispose();
        return next;
    }

    /// <summary>Computes the logits by themselves, since the fused kernel keeps them. No gradient flows through them.</summary>
    /// <param name="queries"><c>[batch, heads, asking, width]</c>.</param>
    /// <param name="keys"><c>[batch, heads, tokens, width]</c>.</param>
    /// <param name="visible">True where a token may be seen, for each row of the logits; null: everywhere.</param>
    public void Show(Tensor queries, Tensor keys, Tensor? visible)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var logits = queries.matmul(keys.transpose(-2, -1)) / Math.Sqrt(queries.shape[^1]);
        call(visible is null ? logits : logits.masked_fill(visible.logical_not(), double.NegativeInfinity));
    }
}
