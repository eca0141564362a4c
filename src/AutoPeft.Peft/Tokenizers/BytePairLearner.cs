
namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// Learns a byte-level vocabulary as Hugging Face's <c>ByteLevelBPETokenizer</c> does: words by GPT-2's pattern, spelt in bytes; then the
/// most frequent neighbouring pair becomes a piece, again and again. Deterministic: equal frequencies are settled by spelling, ordinal.
/// </summary>
internal static class BytePairLearner
{
    /// <summary>The token that ends a text; id 0.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>A pair is merged only if it occurs this often: what occurs once teaches nothing.</summary>
    private const long LeastFrequency = 2;

    /// <param name="text">The text.</param>
    /// <param name="size">Pieces in all at most.</param>
    /// <param name="cancellationToken">Honoured within a merge.</param>
    /// <exception cref="InvalidInputException">The size is below 257.</exception>
    public static BytePairFile Learn(string text, int size, CancellationToken cancellationToken)
    {
        if (size is < 257 or > Models.BertConfig.MaxSize)
            throw new InvalidInputException($"a vocabulary of {size} pieces is not possible: it must hold 256 bytes and {EndOfText}");
        var splitting = new TextSplitting { ByteLevel = true, Patterns = [TextSplitting.Pattern(TextSplitting.Gpt2Pattern)] };
        List<string> pieces = [EndOfText,
            .. Enumerable.Range(0, 256).Select(b => ByteLetters.Of((byte)b).ToString()).Order(StringComparer.Ordinal)];
        Dictionary<string, int> ids = pieces.Select((p, id) => (p, id)).ToDictionary(StringComparer.Ordinal);

        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string word in splitting.Words(text, isFirst: true))
        {
            cancellationToken.ThrowIfCancellationRequested();
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, word, out _)++;
        }
        KeyValuePair<string, long>[] words = [.. counts.OrderBy(w => w.Key, StringComparer.Ordinal)];
        var merging = new PairMerging(
            [.. words.Select(w => w.Key.Select(c => ids[c.ToString()]).ToArray())], [.. words.Select(w => w.Value)], pieces);
        var merges = new List<(string, string)>();
        while (pieces.Count < size && merging.TakeMostFrequent() is { } best && best.Count >= LeastFrequency)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string merged = pieces[best.Left] + pieces[best.Right];
            merges.Add((pieces[best.Left], pieces[best.Right]));
            // Two pairs may spell one piece: it keeps its id.
            if (ids.TryAdd(merged, pieces.Count)) pieces.Add(merged);
            merging.Apply(best.Left, best.Right, ids[merged]);
        }
        return new BytePairFile
        {
            Pieces = [.. pieces],
            Merges = merges,
            Splitting = splitting,
            Added = [new AddedToken(EndOfText, 0)],
            Special = [0],
        };
    }
}
