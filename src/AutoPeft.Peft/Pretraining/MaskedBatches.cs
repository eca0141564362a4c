using AutoPeft.Peft.Tokenizers;
using AutoPeft.Randomness;

namespace AutoPeft.Peft.Pretraining;

/// <summary>Inputs of one update, on the host.</summary>
/// <param name="Rows">Inputs.</param>
/// <param name="Length">Tokens of each, padded.</param>
/// <param name="Ids">[Rows, Length], masked.</param>
/// <param name="TypeIds">[Rows, Length].</param>
/// <param name="Mask">[Rows, Length].</param>
/// <param name="Positions">Flat positions to be predicted, ascending.</param>
/// <param name="Targets">The tokens that stood there.</param>
/// <param name="Tokens">Tokens without padding.</param>
internal sealed record MaskedBatch(int Rows, int Length, long[] Ids, long[] TypeIds, long[] Mask, long[] Positions, long[] Targets,
    int Tokens)
{
    /// <summary>The same rows in at most <paramref name="shares"/> batches, in order, as even as rows go.</summary>
    public IReadOnlyList<MaskedBatch> Split(int shares)
    {
        if (shares <= 1 || Rows == 1) return [this];
        shares = Math.Min(shares, Rows);
        var result = new MaskedBatch[shares];
        int target = 0;
        for (int i = 0; i < shares; i++)
        {
            int from = Rows * i / shares * Length, to = Rows * (i + 1) / shares * Length, first = target;
            while (target < Positions.Length && Positions[target] < to) target++;
            result[i] = new MaskedBatch((to - from) / Length, Length, Ids[from..to], TypeIds[from..to], Mask[from..to],
                [.. Positions[first..target].Select(p => p - from)], Targets[first..target],
                (int)Mask[from..to].Sum());
        }
        return result;
    }
}

/// <summary>
/// Endless batches for masked language modelling: inputs of similar length together, up to a number of tokens; masks drawn anew each time
/// (Liu et al. 2019), of the chosen tokens 80 % masked, 10 % another token, 10 % as they were (Devlin et al. 2019). A function of the seed.
/// </summary>
internal sealed class MaskedBatches(IReadOnlyList<TokenizedText> inputs, Vocabulary vocabulary, PretrainingOptions options)
{
    /// <summary>Inputs sorted together; enough for little padding, few enough to mix.</summary>
    private const int InputsPerGroup = 4_096;

    private readonly int[] _ordinary = [.. Enumerable.Range(0, vocabulary.Count).Where(id => !vocabulary.IsSpecial(id))];

    public IEnumerable<MaskedBatch> Endless()
    {
        for (ulong epoch = 0; ; epoch++)
        {
            var random = new Philox(options.Seed, epoch, StreamPurpose.Training);
            foreach (List<int> rows in Order(random)) yield return Draw(rows, random);
        }
    }

    private List<List<int>> Order(Philox random)
    {
        int[] order = [.. Enumerable.Range(0, inputs.Count)];
        random.Shuffle(order.AsSpan());
        var batches = new List<List<int>>();
        foreach (int[] group in order.Chunk(InputsPerGroup))
        {
            var batch = new List<int>();
            foreach (int index in group.OrderBy(i => inputs[i].Ids.Length))
            {
                // Sorted, so the newest is the longest; +3 for the special tokens.
                if (batch.Count > 0 && (batch.Count + 1) * (inputs[index].Ids.Length + 3) > options.BatchTokens)
                {
                    batches.Add(batch);
                    batch = [];
                }
                batch.Add(index);
            }
            if (batch.Count > 0) batches.Add(batch);
        }
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batches));
        return batches;
    }

    private MaskedBatch Draw(List<int> rows, Philox random)
    {
        int[] splits = [.. rows.Select(
            r => inputs[r].Boundaries is { Length: > 0 } b && random.NextDouble() < options.PairShare ? b[random.NextInt(b.Length)] : -1)];
        int length = rows.Select((r, i) => inputs[r].Ids.Length + (splits[i] < 0 ? 2 : 3)).Max();
        long[] ids = new long[rows.Count * length], types = new long[ids.Length], mask = new long[ids.Length];
        Array.Fill(ids, vocabulary.PadId);
        var positions = new List<long>();
        var targets = new List<long>();
        int tokens = 0;
        for (int row = 0; row < rows.Count; row++)
        {
            int[] text = inputs[rows[row]].Ids;
            int start = row * length, at = start, split = splits[row];
            ids[at++] = vocabulary.ClassifyId;
            int first = positions.Count;
            for (int i = 0; i < text.Length; i++)
            {
                if (i == split) ids[at++] = vocabulary.SeparatorId;
                if (split >= 0 && i >= split) types[at] = 1;
                bool chosen = random.NextDouble() < options.MaskedShare;
                if (chosen && !vocabulary.IsSpecial(text[i]))
                {
                    positions.Add(at);
                    targets.Add(text[i]);
                    ids[at] = Corrupt(text[i], random);
                }
                else
                {
                    ids[at] = text[i];
                }
                at++;
            }
            if (split >= 0) types[at] = 1;
            ids[at++] = vocabulary.SeparatorId;
            if (positions.Count == first) ForceOne(text, start, split, ids, positions, targets, random);
            Array.Fill(mask, 1, start, at - start);
            tokens += at - start;
        }
        return new MaskedBatch(rows.Count, length, ids, types, mask, [.. positions], [.. targets], tokens);
    }

    /// <summary>A short input in which chance chose nothing would teach nothing: one token is chosen all the same.</summary>
    private void ForceOne(int[] text, int start, int split, long[] ids, List<long> positions, List<long> targets, Philox random)
    {
        int i = random.NextInt(text.Length);
        if (vocabulary.IsSpecial(text[i])) return;
        int at = start + 1 + i + (split >= 0 && i >= split ? 1 : 0);
        positions.Add(at);
        targets.Add(text[i]);
        ids[at] = Corrupt(text[i], random);
    }

    private int Corrupt(int id, Philox random) => random.NextDouble() switch
    {
        < 0.8 => vocabulary.MaskId,
        < 0.9 => _ordinary[random.NextInt(_ordinary.Length)],
        _ => id,
    };
}
