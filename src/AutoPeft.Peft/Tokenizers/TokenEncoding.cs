namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// One input of the model: <c>[CLS] a [SEP]</c> or <c>[CLS] a [SEP] b [SEP]</c>, without padding.
/// </summary>
/// <param name="Ids">Id of each token of the input; length s.</param>
/// <param name="TypeIds">0 up to and including the first [SEP], 1 after it; length s.</param>
public sealed record TokenEncoding(int[] Ids, byte[] TypeIds)
{
    /// <summary>Tokens, special ones included.</summary>
    public int Length => Ids.Length;
}

/// <summary>
/// Inputs padded to one length s, row-major: entry (row, column) is at row·s + column. int64, as torch's embeddings want.
/// </summary>
/// <param name="Rows">Number of inputs in the batch.</param>
/// <param name="Length">Length s that every input of the batch is padded to, in tokens.</param>
/// <param name="Ids">[Rows, s]; [PAD] beyond each input's end.</param>
/// <param name="TypeIds">[Rows, s]; 0 beyond the end.</param>
/// <param name="Mask">[Rows, s]; 1 for a token, 0 for padding.</param>
public sealed record PaddedBatch(int Rows, int Length, long[] Ids, long[] TypeIds, long[] Mask);
