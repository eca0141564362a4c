using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Models;

/// <summary>
/// BERT with a linear classifier (or, with one label, a regressor)
/// over the pooled first token. Names: <c>bert</c>, <c>classifier</c>.
/// </summary>
public sealed class BertForSequenceClassification : nn.Module<Tensor, Tensor, Tensor, Tensor>, IAdaptable
{
    private readonly BertModel bert;
    private readonly AdaptableLinear classifier;

    /// <param name="config">The model's shape.</param>
    /// <param name="numLabels">Classes; 1 makes it a regression.</param>
    public BertForSequenceClassification(BertConfig config, int numLabels) : base(nameof(BertForSequenceClassification))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(numLabels, 1);
        NumLabels = numLabels;
        using var scope = NewDisposeScope();
        bert = new BertModel(config);
        classifier = new AdaptableLinear(config.HiddenSize, numLabels, config.InitializerRange);
        RegisterComponents();
        Construction.Keep(this);
    }

    /// <summary>Number of outputs of the classification head.</summary>
    public int NumLabels { get; }

    /// <summary>Shape of the model: layers, widths, heads and vocabulary.</summary>
    public BertConfig Config => bert.Config;

    /// <summary>The encoder.</summary>
    internal BertModel Bert => bert;

    /// <summary>The linear map from pooled state to logits.</summary>
    internal AdaptableLinear Classifier => classifier;

    Parameter IAdaptable.Words => bert.Embeddings.WordWeight;

    AdaptableLinear IAdaptable.Linear(Site site) => site.Point switch
    {
        SitePoint.Query => bert.Layers[site.Layer].Attention.Self.Query,
        SitePoint.Key => bert.Layers[site.Layer].Attention.Self.Key,
        SitePoint.Value => bert.Layers[site.Layer].Attention.Self.Value,
        SitePoint.AttentionOutput => bert.Layers[site.Layer].Attention.Output.Dense,
        SitePoint.Intermediate => bert.Layers[site.Layer].Intermediate.Dense,
        SitePoint.FeedForwardOutput => bert.Layers[site.Layer].Output.Dense,
        SitePoint.Pooler => bert.Pooler!.Dense,
        _ => throw new InvalidOperationException($"{site.Point} is no linear map"),
    };

    /// <summary>
    /// The type of the encoder's matrix products and attention, as autocast has it; null: that of the parameters. The classifier and its
    /// logits keep the parameters' type.
    /// </summary>
    public ScalarType? ProductType
    {
        get => bert.ProductType;
        set => bert.ProductType = value;
    }

    /// <summary>
    /// Whether every attention passes its logits (q·k × scale, −∞ where masked) through a module <c>logits</c>, such as
    /// <c>bert.encoder.layer.0.attention.self.logits</c>, whose forward hooks see them.
    /// Costs a matrix product a layer. Default false: the fused kernel keeps them to itself.
    /// </summary>
    public bool ShowsAttentionLogits
    {
        get => bert.Layers[0].Attention.Self.ShowsLogits;
        set
        {
            foreach (var layer in bert.Layers) layer.Attention.Self.ShowsLogits = value;
        }
    }

    /// <param name="inputIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="tokenTypeIds"><c>[batch, tokens]</c> int64.</param>
    /// <param name="attentionMask"><c>[batch, tokens]</c> int64 or bool; 0 or false is padding.</param>
    /// <returns>Logits, <c>[batch, labels]</c>.</returns>
    public override Tensor forward(Tensor inputIds, Tensor tokenTypeIds, Tensor attentionMask)
    {
        using var scope = NewDisposeScope();
        var pooled = Dropping.Apply(bert.Pooled(inputIds, tokenTypeIds, attentionMask), Config.HiddenDropoutProb, training);
        return classifier.forward(pooled.to(classifier.Weight.dtype)).MoveToOuterDisposeScope();
    }
}
