using System.Globalization;

namespace AutoPeft.Peft.Models;

/// <summary>Every tensor that a <see cref="DecoderModel"/> of a given shape holds, known before anything is allocated.</summary>
internal static class DecoderTensors
{
    /// <summary>The tensors in the order of the state dictionary, by their shapes in the model: linear maps [out, in].</summary>
    public static IEnumerable<BaseTensor> Of(DecoderConfig config)
    {
        DecoderNames names = DecoderNames.Of(config);
        long d = config.HiddenSize, queries = (long)config.NumAttentionHeads * config.HeadSize;
        long keys = (long)config.KeyValueHeads * config.HeadSize, inner = config.IntermediateSize;
        IEnumerable<BaseTensor> Norm(string name) =>
            config.IsGpt2 ? [new($"{name}.weight", [d]), new($"{name}.bias", [d])] : [new($"{name}.weight", [d])];

        yield return new($"{names.Stem}.{names.Tokens}.weight", [config.VocabSize, d]);
        if (config.IsGpt2) yield return new($"{names.Stem}.{names.Positions}.weight", [config.MaxPositionEmbeddings, d]);
        for (int i = 0; i < config.NumHiddenLayers; i++)
        {
            string layer = $"{names.Stem}.{names.Layers}.{i}";
            string attention = $"{layer}.{names.Attention}", feedForward = $"{layer}.{names.FeedForward}";
            foreach (BaseTensor tensor in Norm($"{layer}.{names.AttentionNorm}")) yield return tensor;
            foreach (BaseTensor tensor in (IEnumerable<BaseTensor>)(config.IsGpt2
                ? [.. Map($"{attention}.{names.QueryKeyValue}", d, queries + 2 * keys, config.QueryBias)]
                : [.. Map($"{attention}.{names.Query}", d, queries, config.QueryBias),
                    .. Map($"{attention}.{names.Key}", d, keys, config.QueryBias),
                    .. Map($"{attention}.{names.Value}", d, keys, config.QueryBias)])) yield return tensor;
            foreach (BaseTensor tensor in Map($"{attention}.{names.AttentionOutput}", queries, d, config.AttentionOutputBias))
                yield return tensor;
            if (config.NormalisesQueriesAndKeys)
            {
                yield return new($"{attention}.{names.QueryNorm}.weight", [config.HeadSize]);
                yield return new($"{attention}.{names.KeyNorm}.weight", [config.HeadSize]);
            }
            foreach (BaseTensor tensor in Norm($"{layer}.{names.FeedForwardNorm}")) yield return tensor;
            if (!config.IsGpt2)
                foreach (BaseTensor tensor in Map($"{feedForward}.{names.Gate}", d, inner, config.FeedForwardBias)) yield return tensor;
            foreach (BaseTensor tensor in Map($"{feedForward}.{names.Up}", d, inner, config.FeedForwardBias)) yield return tensor;
            foreach (BaseTensor tensor in Map($"{feedForward}.{names.Down}", inner, d, config.FeedForwardBias)) yield return tensor;
        }
        foreach (BaseTensor tensor in Norm($"{names.Stem}.{names.FinalNorm}")) yield return tensor;
        if (!config.TieWordEmbeddings) yield return new($"{DecoderNames.Head}.weight", [config.VocabSize, d]);
    }

    /// <summary>
    /// Whether a tensor lies transposed in a checkpoint: GPT-2's maps are convolutions of width one there, [in, out].
    /// </summary>
    public static bool IsTransposed(DecoderConfig config, BaseTensor tensor) =>
        config.IsGpt2 && tensor.Shape.Count == 2 && tensor.Name.Contains(".c_", StringComparison.Ordinal);

    /// <summary>Refuses a model that this machine cannot hold, before anything is allocated.</summary>
    /// <exception cref="InvalidInputException">It needs more memory than there is.</exception>
    public static void RequireMemory(DecoderConfig config)
    {
        const double bytesPerNumber = 4, GiB = 1 << 30;
        double one = Of(config with { NumHiddenLayers = 1 }).Sum(t => (double)t.Count);
        double two = Of(config with { NumHiddenLayers = 2 }).Sum(t => (double)t.Count);
        double needed = bytesPerNumber * (one + (config.NumHiddenLayers - 1) * (two - one));
        double there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > there)
            throw new InvalidInputException(string.Create(
                CultureInfo.InvariantCulture,
                $"a decoder of {needed / bytesPerNumber:G3} parameters needs {needed / GiB:N0} GiB of memory; there are {there / GiB:N0}"));
    }

    private static IEnumerable<BaseTensor> Map(string name, long inFeatures, long outFeatures, bool hasBias)
    {
        yield return new($"{name}.weight", [outFeatures, inFeatures]);
        if (hasBias) yield return new($"{name}.bias", [outFeatures]);
    }
}
