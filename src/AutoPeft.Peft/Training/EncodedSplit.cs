using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>A batch on the model's device. Its tensors belong to the caller's dispose scope.</summary>
/// <param name="Ids">[b, s] int64.</param>
/// <param name="TypeIds">[b, s] int64.</param>
/// <param name="Mask">[b, s] int64.</param>
/// <param name="Labels">[b] int64 classes, or float32 values in regression.</param>
internal sealed record EncodedBatch(Tensor Ids, Tensor TypeIds, Tensor Mask, Tensor Labels);

/// <summary>
/// One split of a task as tensors on a device: tokenized and padded once, then cut into batches by index, so that an epoch costs no
/// tokenization and no copies from the host. Dispose to free the tensors.
/// </summary>
internal sealed class EncodedSplit : IDisposable
{
    private readonly Tensor _ids, _types, _mask, _labels;
    private readonly int[] _lengths;
    private readonly double[] _labelValues;
    private readonly Device _device;

    private EncodedSplit(Tensor ids, Tensor types, Tensor mask, Tensor labels, int[] lengths, double[] labelValues, Device device) =>
        (_ids, _types, _mask, _labels, _lengths, _labelValues, _device) = (ids, types, mask, labels, lengths, labelValues, device);

    /// <summary>Examples.</summary>
    public int Count => _lengths.Length;

    /// <summary>Tokens of each example, special ones included.</summary>
    public IReadOnlyList<int> Lengths => _lengths;

    /// <summary>The label of each example.</summary>
    public ReadOnlySpan<double> LabelValues => _labelValues;

    /// <summary>Tokenizes and pads.</summary>
    /// <param name="tokenizer">The base model's.</param>
    /// <param name="examples">At least one.</param>
    /// <param name="regression">Whether labels are values.</param>
    /// <param name="maxLength">Longest input in tokens.</param>
    /// <param name="device">Where the tensors shall lie.</param>
    public static EncodedSplit Create(WordPieceTokenizer tokenizer, IReadOnlyList<TextExample> examples, bool regression, int maxLength,
        Device device)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        TokenEncoding[] encodings = [.. examples.Select(e => tokenizer.Encode(e.First, e.Second, maxLength))];
        PaddedBatch padded = tokenizer.Pad(encodings);
        double[] labels = [.. examples.Select(e => e.Label)];

        using var scope = NewDisposeScope();
        Tensor OnDevice(long[] values) => tensor(values, [padded.Rows, padded.Length]).to(device).DetachFromDisposeScope();
        Tensor labelTensor = regression ? tensor(Array.ConvertAll(labels, l => (float)l)) : tensor(Array.ConvertAll(labels, l => (long)l));
        return new EncodedSplit(OnDevice(padded.Ids), OnDevice(padded.TypeIds), OnDevice(padded.Mask),
            labelTensor.to(device).DetachFromDisposeScope(),
            [.. encodings.Select(e => e.Length)], labels, device);
    }

    /// <summary>The examples with these indices, cut to the longest of them.</summary>
    /// <param name="rows">Indices, at least one.</param>
    /// <param name="length">A length to cut to instead; the split's own longest bounds it.</param>
    public EncodedBatch Select(ReadOnlySpan<int> rows, int? length = null)
    {
        long[] index = new long[rows.Length];
        int longest = 1;
        for (int i = 0; i < rows.Length; i++)
        {
            index[i] = rows[i];
            longest = Math.Max(longest, _lengths[rows[i]]);
        }
        long columns = Math.Min(_ids.shape[1], length ?? longest);
        using Tensor onHost = tensor(index);
        using Tensor at = onHost.to(_device);
        Tensor Cut(Tensor all)
        {
            using Tensor narrow = all.narrow(1, 0, columns);
            return narrow.index_select(0, at);
        }
        return new EncodedBatch(Cut(_ids), Cut(_types), Cut(_mask), _labels.index_select(0, at));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor t in new[] { _ids, _types, _mask, _labels }) t.Dispose();
    }
}
