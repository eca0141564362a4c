using AutoPeft.Randomness;

namespace AutoPeft.Peft.Training;

/// <summary>Which examples share a batch, and in which order batches come.</summary>
internal static class BatchOrder
{
    /// <summary>Examples are sorted by length within groups of this many batches, few enough that batches still mix.</summary>
    private const int BatchesPerGroup = 50;

    /// <summary>At least as many groups where the data is small, so that an epoch's batches differ from the last one's.</summary>
    private const int LeastGroups = 4;

    /// <summary>
    /// The batches of one epoch: every example once, the last batch maybe smaller. A function of seed and epoch alone, so training can go
    /// on in the middle.
    /// </summary>
    public static List<int[]> Epoch(IReadOnlyList<int> lengths, int batchSize, bool groupByLength, ulong seed, int epoch)
    {
        var random = new Philox(seed, (ulong)epoch, StreamPurpose.Training);
        int[] order = [.. Enumerable.Range(0, lengths.Count)];
        random.Shuffle(order.AsSpan());
        if (groupByLength)
        {
            int group = batchSize * Math.Clamp(lengths.Count / (batchSize * LeastGroups), 1, BatchesPerGroup);
            for (int start = 0; start < order.Length; start += group)
            {
                int[] sorted = [.. order.Skip(start).Take(group).OrderBy(i => lengths[i])];
                sorted.CopyTo(order, start);
            }
        }
        List<int[]> batches = [.. order.Chunk(batchSize)];
        if (groupByLength) random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batches));
        return batches;
    }

    /// <summary>Batches for evaluation: by length, no chance involved.</summary>
    public static List<int[]> ByLength(IReadOnlyList<int> lengths, int batchSize) =>
        [.. Enumerable.Range(0, lengths.Count).OrderBy(i => lengths[i]).Chunk(batchSize)];
}
