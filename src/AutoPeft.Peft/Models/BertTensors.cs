namespace AutoPeft.Peft.Models;

/// <summary>One tensor of a base model.</summary>
/// <param name="Name">Its name in the state dictionary.</param>
/// <param name="Shape">Its sizes.</param>
internal sealed record BaseTensor(string Name, IReadOnlyList<long> Shape)
{
    /// <summary>How many numbers it holds.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>
/// Every tensor that a <see cref="BertForSequenceClassification"/> of a given shape holds, known before anything is allocated.
/// </summary>
internal static class BertTensors
{
    /// <summary>The encoder with its pooler, in the order of the state dictionary.</summary>
    public static IEnumerable<BaseTensor> EncoderTensors(BertConfig config)
    {
        long d = config.HiddenSize, inner = config.IntermediateSize;
        yield return new("bert.embeddings.word_embeddings.weight", [config.VocabSize, d]);
        yield return new("bert.embeddings.position_embeddings.weight", [config.MaxPositionEmbeddings, d]);
        yield return new("bert.embeddings.token_type_embeddings.weight", [config.TypeVocabSize, d]);
        foreach (var tensor in Norm("bert.embeddings.LayerNorm", d)) yield return tensor;
        for (var i = 0; i < config.NumHiddenLayers; i++)
        {
            var layer = $"bert.encoder.layer.{i}";
            foreach (var tensor in (IEnumerable<BaseTensor>)[
                .. Linear($"{layer}.attention.self.query", d, d), .. Linear($"{layer}.attention.self.key", d, d),
                .. Linear($"{layer}.attention.self.value", d, d),
                .. Linear($"{layer}.attention.output.dense", d, d), .. Norm($"{layer}.attention.output.LayerNorm", d),
                .. Linear($"{layer}.intermediate.dense", d, inner),
                .. Linear($"{layer}.output.dense", inner, d), .. Norm($"{layer}.output.LayerNorm", d)]) yield return tensor;
        }
        foreach (var tensor in Linear("bert.pooler.dense", d, d)) yield return tensor;
    }

    /// <summary>The encoder, the pooler and the classifier.</summary>
    public static IEnumerable<BaseTensor> Classification(BertConfig config, int numLabels) =>
        EncoderTensors(config).Concat(Linear("classifier", config.HiddenSize, numLabels));

    /// <summary>Parameters of encoder and pooler: what published percentages are of. 109,482,240 for BERT-base.</summary>
    public static long EncoderCount(BertConfig config) => EncoderTensors(config).Sum(t => t.Count);

    private static BaseTensor[] Linear(string name, long inFeatures, long outFeatures) =>
        [new($"{name}.weight", [outFeatures, inFeatures]), new($"{name}.bias", [outFeatures])];

    private static BaseTensor[] Norm(string name, long d) => [new($"{name}.weight", [d]), new($"{name}.bias", [d])];
}
