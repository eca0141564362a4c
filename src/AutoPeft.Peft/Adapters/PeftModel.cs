using AutoPeft.Peft.Models;
using TorchSharp;
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
        if (AttachedSites(model).Any()) throw new InvalidOperationException("the model has adapters attached; detach them first");
        var config = model.Config;
        foreach (var block in plan.Blocks)
            if (block.Site.Layer >= config.NumHiddenLayers) throw new InvalidInputException($"{plan.Name}: {block.Site} does not fit the model: it has layers 0 to {config.NumHiddenLayers - 1}");
        RequireMemory(plan, config);

        using var scope = NewDisposeScope();
        var shared = plan.Blocks.Where(b => b.ShareKey is not null).GroupBy(b => b.ShareKey!).ToDictionary(g => g.Key, g => Allocate(model, g.First(), seed));
        var tables = shared.ToDictionary(s => s.Key, s => new KeyValueTable(s.Value, plan.Blocks.Count(b => b.ShareKey == s.Key), config.NumAttentionHeads));
        var attach = new List<Action>();
        foreach (var group in plan.Blocks.GroupBy(b => b.Site))
            attach.Add(Attachment(model, group.Key, [.. group], seed, tables));

        foreach (var (name, parameter) in model.named_parameters()) parameter.requires_grad = plan.IsTrained(name);
        foreach (var action in attach) action();
        if (shared.Count > 0) Register(model.Bert, new SharedBlocks(shared));
        model.Bert.Embeddings.PositionOffset = plan.ShiftPositions ? plan.Blocks.Select(b => b.Core).Select(c => c is KeyValueCore flat ? flat.Length : c is KeyValueMlpCore mlp ? mlp.Length : 0).DefaultIfEmpty().Max() : 0;
    }

    /// <summary>What training changes, by name, in the order of the state dictionary.</summary>
    public static IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters(nn.Module model) =>
        [.. model.named_parameters().Where(p => p.parameter.requires_grad)];

    /// <summary>How many numbers training changes.</summary>
    public static long TrainableCount(nn.Module model) => TrainableParameters(model).Sum(p => p.Parameter.numel());

    /// <summary>
    /// Works the adapters into the base weights, so that the model answers as before at the base model's cost. LoRA, DoRA and
    /// (IA)³ can be merged. Does nothing where they are already.
    /// </summary>
    /// <exception cref="InvalidInputException">A block is attached whose effect is not a change of a weight; nothing is then merged.</exception>
    public static void Merge(BertForSequenceClassification model)
    {
        foreach (var (site, module) in AttachedSites(model))
            if (module is not LinearSite) throw new InvalidInputException($"the adapter at {site} cannot be merged: it is not a change of a weight. LoRA, DoRA and (IA)³ can be");
        foreach (var (site, module) in AttachedSites(model)) ((LinearSite)module).Merge(site.Linear(model.Bert));
    }

    /// <summary>Undoes <see cref="Merge"/>, to the bit.</summary>
    public static void Unmerge(BertForSequenceClassification model)
    {
        foreach (var (site, module) in AttachedSites(model))
            if (module is LinearSite linear) linear.Unmerge(site.Linear(model.Bert));
    }

    /// <summary>Takes every adapter off. Merged ones are unmerged first, unless <paramref name="keepMerged"/>, which leaves a plain model with their effect.</summary>
    public static void Detach(BertForSequenceClassification model, bool keepMerged = false)
    {
        foreach (var (site, module) in AttachedSites(model).ToList())
        {
            if (module is LinearSite linear)
            {
                if (keepMerged) linear.ForgetOriginal();
                else linear.Unmerge(site.Linear(model.Bert));
            }
            Remove(model, site);
            module.Dispose();
        }
        foreach (var (_, shared) in model.Bert.named_children().Where(c => c.name == Site.AdapterModule).ToList())
        {
            model.Bert.register_module(Site.AdapterModule, null!);
            shared.Dispose();
        }
        model.Bert.Embeddings.PositionOffset = 0;
    }

    /// <summary>The sites at which something is attached, with their modules.</summary>
    internal static IEnumerable<(Site Site, nn.Module Module)> AttachedSites(BertForSequenceClassification model)
    {
        var bert = model.Bert;
        if (bert.Embeddings.Adaptation is nn.Module prompt) yield return (new Site(SitePoint.Embeddings), prompt);
        for (var layer = 0; layer < bert.Layers.Count; layer++)
        {
            if (bert.Layers[layer].Attention.Self.Adaptation is nn.Module prefix) yield return (new Site(SitePoint.KeysAndValues, layer), prefix);
            foreach (var point in Enum.GetValues<SitePoint>())
            {
                var site = new Site(point, layer);
                if (site.IsLinear && point != SitePoint.Pooler && site.Linear(bert).Adaptation is nn.Module linear) yield return (site, linear);
                if (site.IsResidual && site.Residual(bert).Adaptation is nn.Module residual) yield return (site, residual);
            }
        }
        if (bert.Pooler?.Dense.Adaptation is nn.Module pooler) yield return (new Site(SitePoint.Pooler), pooler);
    }

    /// <summary>Refuses blocks that this machine cannot hold, before anything is allocated.</summary>
    private static void RequireMemory(PeftPlan plan, BertConfig config)
    {
        const double bytesPerNumber = 4, GiB = 1 << 30;
        var numbers = plan.Blocks.SelectMany(b => b.Parameters(config)).DistinctBy(p => p.ShareKey ?? p.Name);
        var needed = bytesPerNumber * numbers.Sum(p => (double)p.Count);
        double there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > there)
            throw new InvalidInputException(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{plan.Name}: its adapters need {needed / GiB:N0} GiB of memory, and there are {there / GiB:N0}; take a smaller size"));
    }

    private static AdapterBlock Allocate(BertForSequenceClassification model, BlockSpec spec, ulong seed)
    {
        var words = model.Bert.Embeddings.WordWeight;
        Tensor? weight = spec.Site.IsLinear ? spec.Site.Linear(model.Bert).Weight : spec.Site.Point == SitePoint.Embeddings ? words : null;
        using var generator = new Generator(NamedSeed.Of(seed, spec.ModulePath));
        return new AdapterBlock(spec, spec.Shape(model.Config), weight, words, generator);
    }

    private static Action Attachment(BertForSequenceClassification model, Site site, IReadOnlyList<BlockSpec> specs, ulong seed, Dictionary<string, KeyValueTable> tables)
    {
        var bert = model.Bert;
        if (site.Point == SitePoint.KeysAndValues)
        {
            if (specs.Count != 1 || specs[0] is not { Core: KeyValueCore or KeyValueMlpCore, Compose: Composition.ConcatenateKeysAndValues }) throw new InvalidInputException($"{site} takes one prefix");
            var spec = specs[0];
            var table = spec.ShareKey is { } key ? tables[key] : new KeyValueTable(Allocate(model, spec, seed), 1, model.Config.NumAttentionHeads);
            var prefix = new KeyValueSite(table, spec.ShareIndex, spec.Core is KeyValueCore flat ? flat.Length : ((KeyValueMlpCore)spec.Core).Length);
            return () => { bert.Layers[site.Layer].Attention.Self.Adaptation = prefix; Register(bert.Layers[site.Layer].Attention.Self, prefix); };
        }

        var blocks = specs.Select(s => Allocate(model, s, seed)).ToList();
        if (site.IsLinear)
        {
            var module = new LinearSite(site, blocks);
            return () => { site.Linear(bert).Adaptation = module; Register(site.Linear(bert), module); };
        }
        if (site.IsResidual)
        {
            var module = new ResidualSite(site, blocks);
            return () => { site.Residual(bert).Adaptation = module; Register(site.Residual(bert), module); };
        }
        var tokens = new EmbeddingSite(site, blocks);
        return () => { bert.Embeddings.Adaptation = tokens; Register(bert.Embeddings, tokens); };
    }

    private static void Remove(BertForSequenceClassification model, Site site)
    {
        var bert = model.Bert;
        nn.Module host;
        if (site.IsLinear) { site.Linear(bert).Adaptation = null; host = site.Linear(bert); }
        else if (site.IsResidual) { site.Residual(bert).Adaptation = null; host = site.Residual(bert); }
        else if (site.Point == SitePoint.KeysAndValues) { bert.Layers[site.Layer].Attention.Self.Adaptation = null; host = bert.Layers[site.Layer].Attention.Self; }
        else { bert.Embeddings.Adaptation = null; host = bert.Embeddings; }
        host.register_module(Site.AdapterModule, null!);
    }

    private static void Register(nn.Module host, nn.Module adapter)
    {
        host.register_module(Site.AdapterModule, adapter);
        // A new module thinks that it is training, whatever its host is doing.
        adapter.train(host.training);
    }
}
