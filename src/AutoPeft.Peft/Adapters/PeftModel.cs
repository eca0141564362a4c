using AutoPeft.Peft.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>Attaches plans to models, and merges and detaches them.</summary>
/// <remarks>Stateless: what is attached is recorded in the model itself. Not thread-safe on one model.</remarks>
public static class PeftModel
{
    /// <summary>
    /// Attaches a plan: allocates and fills its blocks, freezes the base, and marks as trainable what the plan trains.
    /// </summary>
    /// <param name="model">The base model, with nothing attached.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="seed">
    /// Seeds the start of the blocks. Each block has a stream of its own, keyed by its name, so adding a block leaves the
    /// start of the others as it was.
    /// </param>
    /// <exception cref="InvalidInputException">The plan does not fit the model; the model is then unchanged.</exception>
    /// <exception cref="InvalidOperationException">Something is attached already.</exception>
    public static void Apply(BertForSequenceClassification model, PeftPlan plan, ulong seed)
    {
        RequireFit(model, model.Config, plan);
        using var scope = NewDisposeScope();
        var blocks = new BlockAllocation(model, model.Config, seed);
        var bert = model.Bert;
        var prefixes = plan.Blocks.OfType<KeyValueBlock>().ToList();
        var tables = TablesOf(prefixes, blocks);
        List<AdapterSite> sites =
        [
            .. LinearSites(model, plan, blocks),
            .. plan.Blocks.OfType<ResidualBlock>().GroupBy(b => b.Site)
                .Select(at => new ResidualSite(at.Key, at.Key.Residual(bert), [.. at.Select(blocks.Place)])),
            .. prefixes.Select(p => new KeyValueSite(bert.Layers[p.Site.Layer].Attention.Self, p, tables[p.ModulePath])),
            .. plan.Blocks.OfType<EmbeddingBlock>().Select(p => new EmbeddingSite(bert.Embeddings, blocks.Place(p))),
        ];
        MarkTrained(model, plan);
        foreach (var site in sites) site.Attach();
        var shared = tables.Values.Select(t => t.Placed).Where(p => p.Block.ShareKey is not null).ToList();
        if (shared.Count > 0) AdapterSite.Register(bert, new SharedBlocks(shared.Select(p => (p.Block.ShareKey!, p.Tensors))));
        bert.Embeddings.PositionOffset = plan.ShiftPositions ? prefixes.Select(p => p.Length).DefaultIfEmpty().Max() : 0;
    }

    /// <summary>
    /// Attaches a plan to a decoder; see the other overload. Plans that change linear maps or train the base fit decoders.
    /// </summary>
    /// <param name="model">The base model, with nothing attached.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="seed">Seeds the start of the blocks.</param>
    /// <exception cref="InvalidInputException">The plan does not fit the model; the model is then unchanged.</exception>
    /// <exception cref="InvalidOperationException">Something is attached already.</exception>
    public static void Apply(DecoderModel model, PeftPlan plan, ulong seed)
    {
        RequireFit(model, model.Config, plan);
        using var scope = NewDisposeScope();
        var sites = LinearSites(model, plan, new BlockAllocation(model, model.Config, seed)).ToList();
        MarkTrained(model, plan);
        foreach (var site in sites) site.Attach();
    }

    /// <summary>What training changes, by name, in the order of the state dictionary.</summary>
    public static IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters(nn.Module model) =>
        [.. model.named_parameters().Where(p => p.parameter.requires_grad)];

    /// <summary>Number of trainable numbers in a model.</summary>
    public static long TrainableCount(nn.Module model) => TrainableParameters(model).Sum(p => p.Parameter.numel());

    /// <summary>
    /// Works the adapters into the base weights, so that the model answers as before at the base model's cost. LoRA, DoRA and
    /// (IA)³ can be merged. Does nothing where they are already.
    /// </summary>
    /// <exception cref="InvalidInputException">
    /// A block is attached whose effect is not a change of a weight; nothing is then merged.
    /// </exception>
    public static void Merge(BertForSequenceClassification model) => MergeAll(model);

    /// <summary>Works a decoder's adapters into the base weights; see the other overload.</summary>
    public static void Merge(DecoderModel model) => MergeAll(model);

    /// <summary>Undoes <see cref="Merge(BertForSequenceClassification)"/>, to the bit.</summary>
    public static void Unmerge(BertForSequenceClassification model) => AttachedSites(model).ForEach(s => s.Unmerge());

    /// <summary>Undoes <see cref="Merge(DecoderModel)"/>, to the bit.</summary>
    public static void Unmerge(DecoderModel model) => AttachedSites(model).ForEach(s => s.Unmerge());

    /// <summary>
    /// Takes every adapter off. Merged ones are unmerged first, unless <paramref name="keepMerged"/>, which leaves a plain model with their
    /// effect.
    /// </summary>
    public static void Detach(BertForSequenceClassification model, bool keepMerged = false)
    {
        AttachedSites(model).ForEach(s => s.Detach(keepMerged));
        foreach (var (_, shared) in model.Bert.named_children().Where(c => c.name == Site.AdapterModule).ToList())
        {
            model.Bert.register_module(Site.AdapterModule, null!);
            shared.Dispose();
        }
        model.Bert.Embeddings.PositionOffset = 0;
    }

    /// <summary>Takes every adapter off a decoder; see the other overload.</summary>
    public static void Detach(DecoderModel model, bool keepMerged = false) => AttachedSites(model).ForEach(s => s.Detach(keepMerged));

    /// <summary>What stands at the places of a model.</summary>
    internal static List<AdapterSite> AttachedSites(nn.Module model) => [.. model.modules().OfType<AdapterSite>()];

    private static IEnumerable<LinearSite> LinearSites(IAdaptable model, PeftPlan plan, BlockAllocation blocks) =>
        plan.Blocks.OfType<LinearBlock>().GroupBy(b => b.Site)
            .Select(at => new LinearSite(at.Key, model.Linear(at.Key), [.. at.Select(blocks.Place)]));

    /// <summary>What makes the keys and values of prefixes, by the path of their tensors.</summary>
    private static Dictionary<string, KeyValueTable> TablesOf(List<KeyValueBlock> prefixes, BlockAllocation blocks) =>
        prefixes.GroupBy(p => p.ModulePath).ToDictionary(at => at.Key, at => new KeyValueTable(
            blocks.Place(at.First()), at.Min(p => p.ShareIndex), at.Max(p => p.ShareIndex), blocks.Heads));

    private static void RequireFit(nn.Module model, AdaptableShape shape, PeftPlan plan)
    {
        if (AttachedSites(model).Count > 0) throw new InvalidOperationException("the model has adapters attached; detach them first");
        foreach (var site in plan.Blocks.Select(b => b.Site))
        {
            if (site.Family != shape.Family)
                throw new InvalidInputException($"{plan.Name}: the plan is for models of {site.Family}'s family, "
                    + $"but this one is of {shape.Family}'s");
            if (site.Layer >= shape.Layers)
                throw new InvalidInputException($"{plan.Name}: {site} does not fit the model: it has layers 0 to {shape.Layers - 1}");
        }
        RequireOne<KeyValueBlock>(plan, "prefix");
        RequireOne<EmbeddingBlock>(plan, "block of virtual tokens");
        RequireMemory(plan, shape);
    }

    /// <summary>Refuses two blocks at a place that takes one.</summary>
    private static void RequireOne<TBlock>(PeftPlan plan, string what) where TBlock : AdapterBlock
    {
        if (plan.Blocks.OfType<TBlock>().GroupBy(b => b.Site).FirstOrDefault(at => at.Count() > 1) is { } twice)
            throw new InvalidInputException($"{twice.Key} takes one {what}");
    }

    /// <summary>Refuses blocks that this machine cannot hold, before anything is allocated.</summary>
    private static void RequireMemory(PeftPlan plan, AdaptableShape shape)
    {
        const double bytesPerNumber = 4, GiB = 1 << 30;
        var numbers = plan.Blocks.SelectMany(b => b.Parameters(shape)).DistinctBy(p => p.ShareKey ?? p.Name);
        var needed = bytesPerNumber * numbers.Sum(p => (double)p.Count);
        double there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > there)
            throw new InvalidInputException(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{plan.Name}: its adapters need {needed / GiB:N0} GiB of memory, and there are {there / GiB:N0}; take a smaller size"));
    }

    private static void MarkTrained(nn.Module model, PeftPlan plan)
    {
        foreach (var (name, parameter) in model.named_parameters()) parameter.requires_grad = plan.IsTrained(name);
    }

    private static void MergeAll(nn.Module model)
    {
        var sites = AttachedSites(model);
        if (sites.FirstOrDefault(s => !s.CanMerge) is { } other)
            throw new InvalidInputException($"the adapter at {other.Site} cannot be merged: it is not a change of a weight. "
                + "LoRA, DoRA and (IA)³ can be");
        sites.ForEach(s => s.Merge());
    }
}
