namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// The merges of a byte-pair encoding (Sennrich et al., ACL 2016) in their order of learning: applied to a word, the earliest merge first,
/// of equal ones the leftmost. Immutable and thread-safe.
/// </summary>
internal sealed class BytePairMerges
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _merges = [];

    /// <param name="merges">Left piece, right piece and the piece that replaces both, in the order of learning.</param>
    public BytePairMerges(IEnumerable<(int Left, int Right, int Merged)> merges)
    {
        foreach (var (left, right, merged) in merges) _merges.TryAdd((left, right), (_merges.Count, merged));
    }

    /// <summary>Merges the pieces of a word as far as they go. Time grows with n·log n.</summary>
    public int[] Apply(ReadOnlySpan<int> pieces)
    {
        if (pieces.Length < 2) return pieces.ToArray();
        // A doubly linked list of pieces; a merged pair lives on at its left place.
        int[] piece = pieces.ToArray(), next = new int[piece.Length], previous = new int[piece.Length];
        var queue = new PriorityQueue<(int Left, int LeftPiece, int RightPiece), (int Rank, int Left)>();
        void Enqueue(int left)
        {
            if (left < 0 || next[left] >= piece.Length) return;
            (int, int) pair = (piece[left], piece[next[left]]);
            if (_merges.TryGetValue(pair, out var merge)) queue.Enqueue((left, pair.Item1, pair.Item2), (merge.Rank, left));
        }

        for (int i = 0; i < piece.Length; i++) (next[i], previous[i]) = (i + 1, i - 1);
        for (int i = 0; i < piece.Length; i++) Enqueue(i);
        while (queue.TryDequeue(out var pair, out _))
        {
            int right = next[pair.Left];
            // An entry whose pieces have been merged otherwise meanwhile says nothing any more.
            if (piece[pair.Left] != pair.LeftPiece || right >= piece.Length || piece[right] != pair.RightPiece) continue;
            piece[pair.Left] = _merges[(pair.LeftPiece, pair.RightPiece)].Merged;
            piece[right] = -1;
            next[pair.Left] = next[right];
            if (next[right] < piece.Length) previous[next[right]] = pair.Left;
            Enqueue(previous[pair.Left]);
            Enqueue(pair.Left);
        }
        return Array.FindAll(piece, p => p >= 0);
    }
}
