using System.Text.RegularExpressions;
using AutoPeft.Peft.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Oracles.Plain;

/// <summary>
/// A BERT classifier with a method built in, as one writes it by hand on TorchSharp alone: the second implementation that losses and
/// times are held against.
/// </summary>
internal sealed class PlainBert : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private static readonly (string Plain, string Ours)[] s_names =
    [
        (@"^layers\.", "bert.encoder.layer."), (@"^word\.", "bert.embeddings.word_embeddings."), (@"^norm\.", "bert.embeddings.LayerNorm."),
        (@"^position\.", "bert.embeddings.position_embeddings."), (@"^segment\.", "bert.embeddings.token_type_embeddings."),
        (@"^pooler\.", "bert.pooler.dense."), ("^prompt$", "bert.embeddings.adapter.prompt.tokens"),
        (@"^prefix_embedding$", "bert.adapter.prefix.embedding"), (@"^prefix_(down|up)\.", "bert.adapter.prefix.$1_"),
        (@"\.prefix$", ".attention.self.adapter.prefix.key_values"), (@"\.(serial|parallel)\.(down|up)\.", ".output.adapter.$1.$2_"),
        (@"\.(query|value)\.dense\.", ".$1."), (@"\.(query|key|value)\.", ".attention.self.$1."),
        (@"\.(A|B)\.weight$", ".adapter.lora.$1"), (@"\.magnitude$", ".adapter.dora.vector"),
        (@"\.(key|value)_scale$", ".attention.self.$1.adapter.ia3.vector"), (@"\.inner_scale$", ".output.dense.adapter.ia3.vector"),
        (@"\.attended\.", ".attention.output.dense."), (@"\.attention_norm\.", ".attention.output.LayerNorm."),
        (@"(\d)\.inner\.", "$1.intermediate.dense."), (@"(\d)\.outer\.", "$1.output.dense."), (@"\.output_norm\.", ".output.LayerNorm."),
    ];

    private readonly Embedding word, position, segment;
    private readonly LayerNorm norm;
    private readonly Dropout dropout;
    private readonly ModuleList<PlainLayer> layers;
    private readonly Linear pooler, classifier;
    private readonly Parameter? prompt, prefix_embedding;
    private readonly Linear? prefix_down, prefix_up;
    private readonly bool _firstOnly;

    /// <param name="config">The model's shape.</param>
    /// <param name="labels">Classes.</param>
    /// <param name="method">What is built in.</param>
    /// <param name="fused">Attention by torch's one function for it, not by products and a softmax.</param>
    /// <param name="firstOnly">The last layer answers for the first token alone, all that the pooler reads.</param>
    public PlainBert(BertConfig config, int labels, PlainMethod method, bool fused, bool firstOnly) : base(nameof(PlainBert))
    {
        int d = config.HiddenSize;
        _firstOnly = firstOnly;
        word = nn.Embedding(config.VocabSize, d, padding_idx: config.PadTokenId);
        position = nn.Embedding(config.MaxPositionEmbeddings, d);
        segment = nn.Embedding(config.TypeVocabSize, d);
        norm = nn.LayerNorm(d, eps: config.LayerNormEps);
        dropout = nn.Dropout(config.HiddenDropoutProb);
        layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(_ => new PlainLayer(config, method, fused))]);
        (pooler, classifier) = (nn.Linear(d, d), nn.Linear(d, labels));
        if (method.Prompt > 0) prompt = new Parameter(zeros(method.Prompt, d));
        if (method.PrefixMlp > 0)
        {
            prefix_embedding = new Parameter(zeros(method.Prefix, d));
            prefix_down = nn.Linear(d, method.PrefixMlp);
            prefix_up = nn.Linear(method.PrefixMlp, 2L * config.NumHiddenLayers * d);
        }
        RegisterComponents();
    }

    /// <summary>Parameters under the names that <see cref="BertForSequenceClassification"/> and its adapters give them.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Named() => named_parameters()
        .Select(p => (s_names.Aggregate(p.name, (name, rule) => Regex.Replace(name, rule.Plain, rule.Ours)), p.parameter));

    public override Tensor forward(Tensor ids, Tensor types, Tensor mask)
    {
        var batch = ids.shape[0];
        var x = word.forward(ids);
        if (prompt is not null)
        {
            var length = prompt.shape[0];
            x = cat([prompt.unsqueeze(0).expand(batch, -1, -1), x], 1);
            types = cat([zeros(batch, length, dtype: ScalarType.Int64), types], 1);
            mask = cat([ones(batch, length, dtype: ScalarType.Int64), mask], 1);
        }
        x = x + segment.forward(types) + position.forward(arange(x.shape[1]));
        x = dropout.forward(norm.forward(x));
        var bias = (1 - mask.to(ScalarType.Float32)).mul(float.MinValue).view(batch, 1, 1, -1);
        var table = prefix_embedding is null ? null : prefix_up!.forward(prefix_down!.forward(prefix_embedding).tanh())
            .view(prefix_embedding.shape[0], layers.Count, 2, -1);
        for (var i = 0; i < layers.Count; i++)
            x = layers[i].Forward(x, bias, table?.select(1, i), _firstOnly && i == layers.Count - 1);
        return classifier.forward(dropout.forward(pooler.forward(x.select(1, 0)).tanh()));
    }
}
