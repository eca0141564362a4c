using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// Word, segment and position embeddings, summed and normalised. Names: <c>word_embeddings</c>, <c>position_embeddings</c>,
/// <c>token_type_embeddings</c>, <c>LayerNorm</c>.
/// </summary>
internal sealed class BertEmbeddings : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Embedding word_embeddings;
    private readonly Embedding position_embeddings;
    private readonly Embedding token_type_embeddings;
    private readonly LayerNorm LayerNorm;
    private readonly BertConfig config;

    /// <summary>Fresh embeddings from N(0, initializer_range²), the padding row zero.</summary>
    public BertEmbeddings(BertConfig config) : base(nameof(BertEmbeddings))
    {
        this.config = config;
        word_embeddings = nn.Embedding(config.VocabSize, config.HiddenSize, padding_idx: config.PadTokenId);
        position_embeddings = nn.Embedding(config.MaxPositionEmbeddings, config.HiddenSize);
        token_type_embeddings = nn.Embedding(config.TypeVocabSize, config.HiddenSize);
        LayerNorm = nn.LayerNorm(config.HiddenSize, eps: config.LayerNormEps);
        using (no_grad())
        {
            foreach (var embedding in new[] { word_embeddings, position_embeddings, token_type_embeddings })
                nn.init.normal_(embedding.weight!, 0, config.InitializerRange);
            using var padding = word_embeddings.weight!.narrow(0, config.PadTokenId, 1);
            padding.zero_();
        }
        RegisterComponents();
    }

    /// <summary><c>[vocabulary, d]</c>.</summary>
    public Parameter WordWeight => word_embeddings.weight!;

    /// <summary>Tokens in front of the sequence; null: none.</summary>
    public IEmbeddingAdaptation? Adaptation { get; set; }

    /// <summary>
    /// The position that the first token gets. 0, unless a prefix counts as tokens read before, as Hugging Face has it for
    /// key and value prefixes.
    /// </summary>
    public int PositionOffset { get; set; }

    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="tokenTypeIds"><c>[batch, tokens]</c> int64.</param>
    /// <returns><c>[batch, added + tokens, d]</c>.</returns>
    /// <exception cref="InvalidInputException">The sequence is longer than the position embedding.</exception>
    public override Tensor forward(Tensor inputIds, Tensor tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        var words = word_embeddings.forward(inputIds);
        if (Adaptation is { } adaptation)
        {
            words = cat([adaptation.Tokens().expand(inputIds.shape[0], adaptation.Length, config.HiddenSize), words], 1);
            tokenTypeIds =
                cat([zeros(inputIds.shape[0], adaptation.Length, dtype: ScalarType.Int64, device: tokenTypeIds.device), tokenTypeIds], 1);
        }

        var tokens = words.shape[1];
        if (PositionOffset + tokens > config.MaxPositionEmbeddings)
            throw new InvalidInputException($"a sequence of {PositionOffset + tokens} tokens (prompts and offset included) does not fit "
                + $"max_position_embeddings = {config.MaxPositionEmbeddings}; shorten --max-length or the prompt");

        // The same rows for every example: a slice that broadcasts costs less than looking each one up.
        var positions = position_embeddings.weight!.narrow(0, PositionOffset, tokens);
        var sum = words + token_type_embeddings.forward(tokenTypeIds) + positions;
        var normalised = LayerNorm.forward(sum);
        return Dropping.Apply(normalised, config.HiddenDropoutProb, training).MoveToOuterDisposeScope();
    }
}
