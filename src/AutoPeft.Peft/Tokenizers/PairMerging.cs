namespace AutoPeft.Peft.Tokenizers;

/// <summary>
/// The state of byte-pair encoding: how often each pair of neighbouring pieces occurs over all words, and in which words. A merge touches
/// only the words that hold the pair; the queue is lazy (an entry whose count has changed is put back with the new one).
/// </summary>
internal sealed class PairMerging
{
    private readonly List<int[]> _words;
    private readonly List<long> _wordCounts;
    private readonly List<string> _pieces;
    private readonly Dictionary<(int Left, int Right), long> _pairCounts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _where = [];
    private readonly PriorityQueue<(int Left, int Right), (long Count, string Left, string Right)> _queue;

    public PairMerging(List<int[]> words, List<long> wordCounts, List<string> pieces)
    {
        (_words, _wordCounts, _pieces) = (words, wordCounts, pieces);
        for (int w = 0; w < words.Count; w++)
        {
            int[] word = words[w];
            for (int i = 0; i + 1 < word.Length; i++) Count((word[i], word[i + 1]), wordCounts[w], w);
        }
        _queue = new PriorityQueue<(int, int), (long, string, string)>(Comparer<(long Count, string Left, string Right)>.Create(Compare));
        foreach (((int Left, int Right) pair, long count) in _pairCounts) Enqueue(pair, count);
    }

    /// <summary>The most frequent pair, or null where none is left.</summary>
    public (int Left, int Right, long Count)? TakeMostFrequent()
    {
        while (_queue.TryDequeue(out (int Left, int Right) pair, out (long Count, string, string) priority))
        {
            long now = _pairCounts.GetValueOrDefault(pair);
            if (now <= 0) continue;
            if (now == priority.Count) return (pair.Left, pair.Right, now);
            Enqueue(pair, now);
        }
        return null;
    }

    /// <summary>Replaces the pair by one piece in every word.</summary>
    public void Apply(int left, int right, int merged)
    {
        if (!_where.Remove((left, right), out HashSet<int>? places)) return;
        var changed = new HashSet<(int, int)>();
        foreach (int w in places)
        {
            int[] before = _words[w];
            int[] after = Merge(before, left, right, merged);
            if (after.Length == before.Length) continue;
            for (int i = 0; i + 1 < before.Length; i++) _pairCounts[(before[i], before[i + 1])] -= _wordCounts[w];
            for (int i = 0; i + 1 < after.Length; i++)
            {
                (int, int) pair = (after[i], after[i + 1]);
                Count(pair, _wordCounts[w], w);
                if (after[i] == merged || after[i + 1] == merged) changed.Add(pair);
            }
            _words[w] = after;
        }
        _pairCounts.Remove((left, right));
        foreach ((int, int) pair in changed) Enqueue(pair, _pairCounts[pair]);
    }

    private static int[] Merge(int[] word, int left, int right, int merged)
    {
        int[] output = new int[word.Length];
        int length = 0;
        for (int i = 0; i < word.Length; i++)
        {
            if (i + 1 < word.Length && word[i] == left && word[i + 1] == right)
            {
                output[length++] = merged;
                i++;
            }
            else
            {
                output[length++] = word[i];
            }
        }
        return output[..length];
    }

    private void Count((int Left, int Right) pair, long count, int word)
    {
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_pairCounts, pair, out _) += count;
        ref HashSet<int>? places = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_where, pair, out _);
        (places ??= []).Add(word);
    }

    private void Enqueue((int Left, int Right) pair, long count) => _queue.Enqueue(pair, (count, _pieces[pair.Left], _pieces[pair.Right]));

    private static int Compare((long Count, string Left, string Right) a, (long Count, string Left, string Right) b)
    {
        int byCount = b.Count.CompareTo(a.Count);
        if (byCount != 0) return byCount;
        int byLeft = string.CompareOrdinal(a.Left, b.Left);
        return byLeft != 0 ? byLeft : string.CompareOrdinal(a.Right, b.Right);
    }
}
