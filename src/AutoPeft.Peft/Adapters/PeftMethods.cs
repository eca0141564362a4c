using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>The methods of the literature as plans.</summary>
public static class PeftMethods
{
    /// <summary>Width of the prefix's MLP in AutoPEFT.</summary>
    public const int PrefixBottleneck = 800;

    /// <summary>Factor of the parallel adapter (He et al., ICLR 2022, section 4.6: 4 for scaled addition).</summary>
    public const double ParallelScale = 4;

    /// <summary>Every parameter.</summary>
    public static PeftPlan Full() => new() { Name = "full", Base = BaseTraining.All };

    /// <summary>The head alone.</summary>
    public static PeftPlan HeadOnly() => new() { Name = "head" };

    /// <summary>Biases and head (Ben Zaken et al., ACL 2022).</summary>
    public static PeftPlan BitFit() => new() { Name = "bitfit", Base = BaseTraining.Biases };

    /// <summary>
    /// Serial adapters behind the feed-forward block: s = W_up·relu(W_down·LN(h + t)) + h, then LN(s + t) (Pfeiffer et al.,
    /// EACL 2021; AutoPEFT).
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="size">Bottleneck width, at least 1.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Serial(BertConfig config, int size, IReadOnlyCollection<int>? layers = null) =>
        Bottleneck(config, size, layers, "serial", BlockInput.NormalisedSum, BottleneckStart.NearIdentity, 1);

    /// <summary>
    /// Parallel adapters beside the feed-forward block: LN(h + t + 4·W_up·relu(W_down·t)) (He et al., ICLR 2022; AutoPEFT).
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="size">Bottleneck width, at least 1.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Parallel(BertConfig config, int size, IReadOnlyCollection<int>? layers = null) =>
        Bottleneck(config, size, layers, "parallel", BlockInput.Residual, BottleneckStart.Zero, ParallelScale);

    /// <summary>Virtual keys and values in front of a layer's own (Li and Liang, ACL 2021).</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="length">Virtual positions, at least 1.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    /// <param name="bottleneck">Width of the MLP that makes them, one for all layers; 0: no MLP. Default 800, AutoPEFT's.</param>
    public static PeftPlan Prefix(BertConfig config, int length, IReadOnlyCollection<int>? layers = null, int bottleneck = PrefixBottleneck)
    {
        Positive("prefix length", length);
        var adapted = Layers(config, layers);
        return new PeftPlan
        {
            Name = $"prefix {length}" + (bottleneck == 0 ? " flat" : bottleneck == PrefixBottleneck ? "" : $" mlp{bottleneck}"),
            Blocks =
            [
                .. adapted.Select((layer, i) => new BlockSpec
                {
                    Name = "prefix",
                    Site = new Site(SitePoint.KeysAndValues, layer),
                    Read = BlockInput.Nothing,
                    Core = bottleneck == 0 ? new KeyValueCore(length) : new KeyValueMlpCore(length, bottleneck, adapted.Count),
                    Compose = Composition.ConcatenateKeysAndValues,
                    ShareKey = bottleneck == 0 ? null : "prefix",
                    ShareIndex = bottleneck == 0 ? 0 : i,
                }),
            ],
        };
    }

    /// <summary>
    /// Virtual tokens in front of the embedded sequence (Lester et al., EMNLP 2021); the pooler then reads the first of them, as Hugging
    /// Face has it.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="length">Virtual tokens, at least 1.</param>
    public static PeftPlan Prompt(BertConfig config, int length)
    {
        Positive("prompt length", length);
        if (length >= config.MaxPositionEmbeddings)
            throw new InvalidInputException(
                $"a prompt of {length} tokens does not fit max_position_embeddings = {config.MaxPositionEmbeddings}");
        return new PeftPlan
        {
            Name = $"prompt {length}",
            Blocks =
            [
                new BlockSpec
                {
                    Name = "prompt", Site = new Site(SitePoint.Embeddings), Read = BlockInput.Nothing,
                    Core = new TokensCore(length, Initialization.SampledWords), Compose = Composition.Prepend,
                },
            ],
        };
    }

    /// <summary>LoRA, rsLoRA and DoRA.</summary>
    public static PeftPlan Lora(BertConfig config, LoraOptions options) => LoraOf(config, options);

    /// <summary>
    /// LoRA, rsLoRA and DoRA of a decoder. In gpt2 one map makes queries, keys and values: each of these targets stands for it.
    /// </summary>
    public static PeftPlan Lora(DecoderConfig config, LoraOptions options) =>
        LoraOf(config, options with { Targets = [.. options.Targets.Select(t => Decoders(config, t)).Distinct()] }) with
        {
            Name = PlanName.Of(options),
            Head = HeadTraining.Frozen,
        };

    private static PeftPlan LoraOf(AdaptableShape shape, LoraOptions options)
    {
        Positive("rank", options.Rank);
        if (!(options.Dropout >= 0 && options.Dropout < 1))
            throw new InvalidInputException($"a LoRA dropout of {options.Dropout} is not in [0, 1)");
        if (options.Targets.Count == 0) throw new InvalidInputException("LoRA needs at least one target");
        var blocks = new List<BlockSpec>();
        foreach (var layer in Layers(shape, options.Layers))
        {
            foreach (var target in options.Targets.Distinct())
            {
                var site = new Site(target, layer, shape.Family);
                if (!site.IsLinear || target == SitePoint.Pooler)
                    throw new InvalidInputException($"LoRA cannot adapt {target}: it is no linear map of a layer");
                blocks.Add(new BlockSpec
                {
                    Name = "lora",
                    Site = site,
                    Read = BlockInput.Input,
                    Core = new LowRankCore(options.Rank),
                    Compose = Composition.Add,
                    Scale = options.Scale,
                    Dropout = options.Dropout,
                });
                if (options.DecomposeWeight) blocks.Add(DoraMagnitude(site));
            }
        }
        return new PeftPlan { Name = PlanName.Of(options), Blocks = blocks };
    }

    /// <summary>DoRA's trained row norms at a site.</summary>
    internal static BlockSpec DoraMagnitude(Site site) => new()
    {
        Name = "dora",
        Site = site,
        Read = BlockInput.Weight,
        Core = new VectorCore(VectorLength.Out, Initialization.RowNormsOfWeight),
        Compose = Composition.RescaleNorm,
    };

    /// <summary>(IA)³: trained scales of keys, values and inner feed-forward states (Liu et al., NeurIPS 2022).</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Ia3(BertConfig config, IReadOnlyCollection<int>? layers = null) => new()
    {
        Name = "ia3",
        Blocks = [.. Layers(config, layers)
            .SelectMany(layer => new[] { Ia3Scale(new(SitePoint.Key, layer), false), Ia3Scale(new(SitePoint.Value, layer), false),
                Ia3Scale(new(SitePoint.FeedForwardOutput, layer), true) })],
    };

    /// <summary>
    /// (IA)³ of a decoder: trained scales of keys, values and inner feed-forward states; in gpt2 of queries too, which one map makes.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="layers">Layers to adapt; null: all.</param>
    public static PeftPlan Ia3(DecoderConfig config, IReadOnlyCollection<int>? layers = null) => new()
    {
        Name = "ia3",
        Head = HeadTraining.Frozen,
        Blocks =
        [
            .. from layer in Layers(config, layers)
               from point in ((SitePoint[])[SitePoint.Key, SitePoint.Value]).Select(p => Decoders(config, p)).Distinct()
                   .Append(SitePoint.FeedForwardOutput)
               select Ia3Scale(new Site(point, layer, AdaptableShape.FamilyOf(config)), point == SitePoint.FeedForwardOutput),
        ],
    };

    /// <summary>(IA)³'s scale of a linear map's input or output.</summary>
    internal static BlockSpec Ia3Scale(Site site, bool ofInput) => new()
    {
        Name = "ia3",
        Site = site,
        Read = ofInput ? BlockInput.Input : BlockInput.Output,
        Core = new VectorCore(ofInput ? VectorLength.In : VectorLength.Out, Initialization.Ones),
        Compose = Composition.Multiply,
    };

    /// <summary>MAM adapter: a prefix and parallel adapters (He et al., ICLR 2022), with AutoPEFT's sizes by default.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="prefix">Virtual positions. Default 30 of 768.</param>
    /// <param name="parallel">Bottleneck width. Default 384 of 768.</param>
    public static PeftPlan Mam(BertConfig config, int prefix = 30, int parallel = 384) =>
        Prefix(config, prefix).With(Parallel(config, parallel)) with { Name = $"mam {prefix}+{parallel}" };

    /// <summary>AutoPEFT's combination: serial, parallel and prefix on the same layers, each left out at size 0.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="serial">Serial bottleneck width.</param>
    /// <param name="parallel">Parallel bottleneck width.</param>
    /// <param name="prefix">Virtual positions.</param>
    /// <param name="layers">Layers that are on.</param>
    /// <exception cref="InvalidInputException">All layers or all modules are off.</exception>
    public static PeftPlan AutoPeft(BertConfig config, int serial, int parallel, int prefix, IReadOnlyCollection<int> layers)
    {
        if (layers.Count == 0) throw new InvalidInputException("an AutoPEFT configuration needs at least one layer that is on");
        var modules = new List<PeftPlan>();
        if (serial > 0) modules.Add(Serial(config, serial, layers));
        if (parallel > 0) modules.Add(Parallel(config, parallel, layers));
        if (prefix > 0) modules.Add(Prefix(config, prefix, layers));
        if (modules.Count == 0)
            throw new InvalidInputException("an AutoPEFT configuration needs a serial, parallel or prefix size above 0");
        return modules[0].With([.. modules.Skip(1)]) with { Name = $"autopeft s{serial} p{parallel} x{prefix} on {layers.Count} layers" };
    }

    private static PeftPlan Bottleneck(BertConfig config, int size, IReadOnlyCollection<int>? layers, string name, BlockInput read,
        BottleneckStart start, double scale)
    {
        Positive($"{name} size", size);
        return new PeftPlan
        {
            Name = $"{name} {size}",
            Blocks =
            [
                .. Layers(config, layers).Select(layer => new BlockSpec
                {
                    Name = name, Site = new Site(SitePoint.FeedForwardResidual, layer), Read = read,
                    Core = new BottleneckCore(size, Start: start), Compose = Composition.Add, Scale = scale,
                }),
            ],
        };
    }

    /// <summary>Where a decoder has what a target names.</summary>
    private static SitePoint Decoders(DecoderConfig config, SitePoint target) =>
        config.IsGpt2 && target is (SitePoint.Query or SitePoint.Key or SitePoint.Value) ? SitePoint.QueryKeyValue : target;

    private static List<int> Layers(AdaptableShape shape, IReadOnlyCollection<int>? layers)
    {
        if (layers is null) return [.. Enumerable.Range(0, shape.Layers)];
        if (layers.Count == 0) throw new InvalidInputException("a method needs at least one layer");
        foreach (var layer in layers)
            if (layer < 0 || layer >= shape.Layers)
                throw new InvalidInputException($"layer {layer} does not fit the model: it has layers 0 to {shape.Layers - 1}");
        return [.. layers.Distinct().Order()];
    }

    private static void Positive(string what, int value)
    {
        if (value < 1) throw new InvalidInputException($"a {what} of {value} is not possible: it must be at least 1");
    }
}
