using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>Which of the base model's own tensors are trained.</summary>
public enum BaseTraining
{
    /// <summary>No tensor of the base model is trained.</summary>
    Frozen,
    /// <summary>Every bias of embeddings and layers, LayerNorms' included: BitFit (Ben Zaken et al., ACL 2022).</summary>
    Biases,
    /// <summary>Every tensor of the base model is trained: full fine-tuning.</summary>
    All,
}

/// <summary>Which tensors of the head are trained.</summary>
public enum HeadTraining
{
    /// <summary>No tensor of the head is trained.</summary>
    Frozen,
    /// <summary>The classifier alone, Hugging Face peft's default for sequence classification.</summary>
    Classifier,
    /// <summary>
    /// The pooler and the classifier: a dense layer, tanh and a linear map, as AutoPEFT's heads are. An encoder that was
    /// pretrained by masked language modelling alone has no trained pooler, so it could not stay frozen.
    /// </summary>
    PoolerAndClassifier,
}

/// <summary>What to attach to a model and what to train: the whole description of a fine-tuning method. Immutable.</summary>
public sealed record PeftPlan
{
    /// <summary>A short name for tables: "lora r8 qv".</summary>
    public required string Name { get; init; }

    /// <summary>Blocks that the plan attaches to the model. Default none.</summary>
    public IReadOnlyList<AdapterBlock> Blocks { get; init; } = [];

    /// <summary>Which tensors of the base model are trained. Default none.</summary>
    public BaseTraining Base { get; init; } = BaseTraining.Frozen;

    /// <summary>Which tensors of the head are trained. Default pooler and classifier.</summary>
    public HeadTraining Head { get; init; } = HeadTraining.PoolerAndClassifier;

    /// <summary>
    /// Whether a key and value prefix counts as tokens read before, so that the first token gets position n. False, as in
    /// AutoPEFT; true for prefixes in Hugging Face peft's format, whose models count so.
    /// </summary>
    public bool ShiftPositions { get; init; }

    /// <summary>Every tensor of the adapted model that is new or trained, from shapes alone.</summary>
    /// <param name="config">The base model's shape.</param>
    /// <param name="numLabels">Classes of the head.</param>
    internal IReadOnlyList<ParameterSpec> Parameters(BertConfig config, int numLabels) =>
    [
        .. BertTensors.Classification(config, numLabels).Where(t => IsTrained(t.Name)).Select(t => new ParameterSpec(t.Name, t.Shape)),
        .. Blocks.SelectMany(b => b.Parameters(config)).DistinctBy(p => p.ShareKey ?? p.Name),
    ];

    /// <summary>Trainable numbers, exactly: biases, reparameterisation and head included.</summary>
    /// <param name="config">The base model's shape.</param>
    /// <param name="numLabels">Classes of the head.</param>
    public long ExactCount(BertConfig config, int numLabels) => ParameterSpec.TrainableCount(Parameters(config, numLabels));

    /// <summary>
    /// Trainable numbers as papers count them: no biases, a prefix by its keys and values, no head. For BERT-base this gives
    /// the percentages of AutoPEFT's tables.
    /// </summary>
    public long PaperCount(BertConfig config)
    {
        var ofBase = Base == BaseTraining.Frozen
            ? 0
            : BertTensors.EncoderTensors(config).Where(t => Base == BaseTraining.All || IsTrainedBias(t.Name)).Sum(t => t.Count);
        long Of(AdapterBlock block)
        {
            var (inFeatures, outFeatures) = block.Site.Features(config);
            return block.PaperCount(inFeatures, outFeatures);
        }
        return ofBase + Blocks.DistinctBy(b => b.ModulePath).Sum(Of);
    }

    /// <summary><see cref="PaperCount"/> as a fraction of the encoder's parameters.</summary>
    public double PaperShare(BertConfig config) => (double)PaperCount(config) / BertTensors.EncoderCount(config);

    /// <summary>Whether this plan trains a tensor of the base model or of its head.</summary>
    public bool IsTrained(string name)
    {
        if (name.StartsWith("classifier.", StringComparison.Ordinal)) return Head != HeadTraining.Frozen;
        if (name.StartsWith("bert.pooler.", StringComparison.Ordinal))
            return Head == HeadTraining.PoolerAndClassifier || Base == BaseTraining.All;
        return Base == BaseTraining.All || Base == BaseTraining.Biases && IsTrainedBias(name);
    }

    /// <summary>A plan that attaches and trains what this plan and the given others do.</summary>
    /// <exception cref="InvalidInputException">Two blocks of one name would stand at one site.</exception>
    public PeftPlan With(params PeftPlan[] others)
    {
        var all = others.Prepend(this).ToList();
        var blocks = all.SelectMany(p => p.Blocks).ToList();
        if (blocks.GroupBy(b => (b.Site, b.Name)).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"two blocks named '{twice.Key.Name}' stand at {twice.Key.Site}; leave one");
        return new PeftPlan
        {
            Name = string.Join(" + ", all.Select(p => p.Name)),
            Blocks = blocks,
            Base = all.Max(p => p.Base),
            Head = all.Max(p => p.Head),
            ShiftPositions = all.Any(p => p.ShiftPositions),
        };
    }

    /// <summary>This plan on a network of which only some layers are left: blocks of the others are gone.</summary>
    /// <param name="kept">The layers that are left, ascending, as they were numbered.</param>
    public PeftPlan OnLayers(IReadOnlyList<int> kept)
    {
        Dictionary<int, int> places = kept.Select((layer, place) => (layer, place)).ToDictionary(x => x.layer, x => x.place);
        return this with
        {
            Blocks = [.. Blocks.Where(b => b.Site.Layer < 0 || places.ContainsKey(b.Site.Layer))
                .Select(b => b.Site.Layer < 0 ? b : b with { Site = b.Site with { Layer = places[b.Site.Layer] } })],
        };
    }

    /// <summary>A plan of one kind of block, one at each of some places: the way in for a method of one's own.</summary>
    /// <param name="name">The plan's name.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="points">Where blocks stand: in every layer, or once where the place belongs to no layer.</param>
    /// <param name="block">Makes the block of a place.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    /// <exception cref="InvalidInputException">A block cannot stand at one of the places, or the model has no such layer.</exception>
    public static PeftPlan OfBlocks(string name, BertConfig config, IReadOnlyList<SitePoint> points, Func<Site, AdapterBlock> block,
        IReadOnlyCollection<int>? layers = null) => OfBlocks(name, (AdaptableShape)config, points, block, layers);

    /// <summary>A decoder's plan of one kind of block; see the other overload. In gpt2 one map makes queries, keys and values.</summary>
    /// <param name="name">The plan's name.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="points">Where blocks stand.</param>
    /// <param name="block">Makes the block of a place.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    /// <exception cref="InvalidInputException">A block cannot stand at one of the places, or the model has no such layer.</exception>
    public static PeftPlan OfBlocks(string name, DecoderConfig config, IReadOnlyList<SitePoint> points, Func<Site, AdapterBlock> block,
        IReadOnlyCollection<int>? layers = null) =>
        OfBlocks(name, (AdaptableShape)config, points, block, layers) with { Head = HeadTraining.Frozen };

    private static PeftPlan OfBlocks(
        string name, AdaptableShape shape, IReadOnlyList<SitePoint> points, Func<Site, AdapterBlock> block,
        IReadOnlyCollection<int>? layers)
    {
        SitePoint[] distinct = [.. points.Select(shape.PointOf).Distinct()];
        return new PeftPlan
        {
            Name = name,
            Blocks =
            [
                .. from layer in shape.LayersOf(layers)
                   from point in distinct.Where(p => !Site.IsOfModel(p))
                   select block(new Site(point, layer, shape.Family)),
                .. distinct.Where(Site.IsOfModel).Select(p => block(new Site(p, -1, shape.Family))),
            ],
        };
    }

    /// <summary>A plan by its name: one or more methods joined by <c>+</c>.</summary>
    /// <remarks>
    /// <c>full</c>, <c>head</c>, <c>bitfit</c>, <c>ia3</c>, <c>serial N</c>, <c>parallel N</c>, <c>prefix N [flat]</c>, <c>prompt N</c>,
    /// <c>mam [N M]</c>, <c>lora</c> or <c>dora</c> with any of <c>rN</c> (rank), <c>aN</c> (alpha), <c>dX</c> (dropout), <c>rs</c>
    /// (rank-stabilised) and letters for targets: q, k, v, o (attention output), i (intermediate), f (feed-forward output), and in
    /// decoders of LLaMA's family g (gate). A size <c>48/768</c> is that fraction of the model's width, at least 1.
    /// </remarks>
    /// <param name="name">The name.</param>
    /// <param name="config">The model's shape.</param>
    /// <exception cref="InvalidInputException">The name says nothing known, or does not fit the model.</exception>
    public static PeftPlan FromName(string name, BertConfig config) => PlanName.Parse(name, config);

    /// <summary>
    /// A decoder's plan by its name; see the other overload. Decoders take <c>full</c>, <c>bitfit</c>, <c>ia3</c>, <c>lora</c> and
    /// <c>dora</c>.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="config">The model's shape.</param>
    /// <exception cref="InvalidInputException">The name says nothing known, or does not fit the model.</exception>
    public static PeftPlan FromName(string name, DecoderConfig config) => PlanName.Parse(name, config);

    private static bool IsTrainedBias(string name) =>
        name.EndsWith(".bias", StringComparison.Ordinal) && !name.StartsWith("bert.pooler.", StringComparison.Ordinal);
}
