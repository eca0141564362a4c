using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// The additive form of an attention mask: 0 where a position may be attended to, the dtype's lowest value where it may not.
/// Made once a forward pass and shared by all layers.
/// </summary>
internal sealed class AttentionMask
{
    private readonly Tensor bias;
    private readonly Dictionary<int, Tensor> prefixed = [];

    private AttentionMask(Tensor bias) => this.bias = bias;

    /// <summary>Builds the mask; null where nothing is masked, so that a batch without padding pays nothing.</summary>
    /// <param name="mask"><c>[batch, tokens]</c>, integer or bool; 0 or false is padding.</param>
    /// <param name="dtype">The dtype of the attention scores.</param>
    public static AttentionMask? From(Tensor mask, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var padding = mask.eq(0);
        // Looking at the values is free on a CPU; on a GPU it would wait for the device, so there the mask is always added.
        if (mask.device_type == DeviceType.CPU && !padding.any().item<bool>()) return null;
        var bias = zeros(mask.shape[0], 1, 1, mask.shape[1], dtype: dtype, device: mask.device)
            .masked_fill_(padding.view(mask.shape[0], 1, 1, mask.shape[1]), Lowest(dtype));
        return new AttentionMask(bias.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// <c>[batch, 1, 1, prefix + tokens]</c>: the mask behind <paramref name="prefix"/> positions that are always visible.
    /// </summary>
    public Tensor Bias(int prefix)
    {
        if (prefix == 0) return bias;
        if (!prefixed.TryGetValue(prefix, out var padded))
        {
            using var visible = zeros(bias.shape[0], 1, 1, prefix, dtype: bias.dtype, device: bias.device);
            // Kept outside the calling layer's dispose scope: the next layer uses it again.
            padded = cat([visible, bias], -1).DetachFromDisposeScope();
            prefixed[prefix] = padded;
        }
        return padded;
    }

    /// <summary>Frees the prefixed forms; the plain form belongs to the scope in which the mask was made.</summary>
    public void Release()
    {
        foreach (var tensor in prefixed.Values) tensor.Dispose();
        prefixed.Clear();
    }

    private static double Lowest(ScalarType dtype) => dtype switch
    {
        ScalarType.Float64 => double.MinValue,
        ScalarType.Float16 => -65_504,
        ScalarType.BFloat16 => -3.3895313892515355e38,
        _ => float.MinValue,
    };
}
