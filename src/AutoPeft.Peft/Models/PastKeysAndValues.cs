using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// One layer's keys and values of the tokens read so far, so that the
/// next token costs its own computation alone. Dispose to free them.
/// </summary>
internal sealed class PastKeysAndValues : IDisposable
{
    private Tensor? keys, values;

    /// <summary>Tokens read so far.</summary>
    public long Length => keys?.shape[2] ?? 0;

    /// <summary>Adds those of further tokens, each <c>[batch, groups, tokens, width]</c>.</summary>
    /// <returns>Those of all tokens; they belong to this object.</returns>
    public (Tensor Keys, Tensor Values) Append(Tensor moreKeys, Tensor moreValues)
    {
        Tensor allKeys = keys is null ? moreKeys.clone() : cat([keys, moreKeys], 2);
        Tensor allValues = values is null ? moreValues.clone() : cat([values, moreValues], 2);
        Dispose();
        (keys, values) = (allKeys.DetachFromDisposeScope(), allValues.DetachFromDisposeScope());
        return (keys, values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        keys?.Dispose();
        values?.Dispose();
        (keys, values) = (null, null);
    }
}
