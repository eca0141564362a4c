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
        RequireFit(AttachedSites(model), model.Config, plan);
        using var scope = NewDisposeScope();
        var config = model.Config;
        var shared = plan.Blocks.Where(b => b.ShareKey is not null).GroupBy(b => b.ShareKey!)
            .ToDictionary(g => g.Key, g => Allocate(model, config, g.First(), seed));
        var tables = shared.ToDictionary(
            s => s.Key, s => new KeyValueTable(s.Value, plan.Blocks.Count(b => b.ShareKey == s.Key), config.NumAttentionHeads));
        var attach = plan.Blocks.GroupBy(b => b.Site).Select(group => Attachment(model, group.Key, [.. group], seed, tables)).ToList();
        MarkTrained(model, plan);
        foreach (var action in attach) action();
        if (shared.Count > 0) Register(model.Bert, new SharedBlocks(shared));
        model.Bert.Embeddings.PositionOffset = plan.ShiftPositions
            ? plan.Blocks.Select(b => PrefixLength(b.Core)).DefaultIfEmpty().Max()
            : 0;
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
        RequireFit(AttachedSites(model), model.Config, plan);
        using var scope = NewDisposeScope();
        var attach = plan.Blocks.GroupBy(b => b.Site)
            .Select(group => LinearAttachment(model, model.Config, group.Key, [.. group], seed)).ToList();
        MarkTrained(model, plan);
        foreach (var action in attach) action();
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
    /// <exception cref="InvalidInputException">
    /// A block is attached whose effect is not a change of a weight; nothing is then merged.
    /// </exception>
    public static void Merge(BertForSequenceClassification model) => Merge(model, AttachedSites(model));

    /// <summary>Works a decoder's adapters into the base weights; see the other overload.</summary>
    public static void Merge(DecoderModel model) => Merge(model, AttachedSites(model));

    /// <summary>Undoes <see cref="Merge(BertForSequenceClassification)"/>, to the bit.</summary>
    public static void Unmerge(BertForSequenceClassification model) => Unmerge(model, AttachedSites(model));

    /// <summary>Undoes <see cref="Merge(DecoderModel)"/>, to the bit.</summary>
    public static void Unmerge(DecoderModel model) => Unmerge(model, AttachedSites(model));

    /// <summary>
    /// Takes every adapter off. Merged ones are unmerged first, unless <paramref name="keepMerged"/>, which leaves a plain model with their
    /// effect.
    /// </summary>
    public static void Detach(BertForSequenceClassification model, bool keepMerged = false)
    {
        foreach (var (site, module) in AttachedSites(model).ToList())
        {
            if (module is LinearSite linear) DetachLinear(model, site, linear, keepMerged);
            else
            {
                RemoveOther(model, site);
                module.Dispose();
            }
        }
        foreach (var (_, shared) in model.Bert.named_children().Where(c => c.name == Site.AdapterModule).ToList())
        {
            model.Bert.register_module(Site.AdapterModule, null!);
            shared.Dispose();
        }
        model.Bert.Embeddings.PositionOffset = 0;
    }

    /// <summary>Takes every adapter off a decoder; see the other overload.</summary>
    public static void Detach(DecoderModel model, bool keepMerged = false)
    {
        foreach (var (site, module) in AttachedSites(model).ToList()) DetachLinear(model, site, (LinearSite)module, keepMerged);
    }

    /// <summary>The sites at which something is attached, with their modules.</summary>
    internal static IEnumerable<(Site Site, nn.Module Module)> AttachedSites(BertForSequenceClassification model)
    {
        var bert = model.Bert;
        if (bert.Embeddings.Adaptation is nn.Module prompt) yield return (new Site(SitePoint.Embeddings), prompt);
        for (var layer = 0; layer < bert.Layers.Count; layer++)
        {
            if (bert.Layers[layer].Attention.Self.Adaptation is nn.Module prefix)
                yield return (new Site(SitePoint.KeysAndValues, layer), prefix);
            foreach (var point in (SitePoint[])[SitePoint.AttentionResidual, SitePoint.FeedForwardResidual])
            {
                var site = new Site(point, layer);
                if (site.Residual(bert).Adaptation is nn.Module residual) yield return (site, residual);
            }
        }
        foreach (var found in AttachedToMaps(model, model.Config)) yield return found;
    }

    /// <summary>The sites at which something is attached, with their modules.</summary>
    internal static IEnumerable<(Site Site, nn.Module Module)> AttachedSites(DecoderModel model) => AttachedToMaps(model, model.Config);

    private static IEnumerable<(Site Site, nn.Module Module)> AttachedToMaps(IAdaptable model, AdaptableShape shape)
    {
        foreach (var site in shape.LinearSites())
            if (model.Linear(site).Adaptation is nn.Module linear) yield return (site, linear);
    }

    private static void RequireFit(IEnumerable<(Site Site, nn.Module Module)> attached, AdaptableShape shape, PeftPlan plan)
    {
        if (attached.Any()) throw new InvalidOperationException("the model has adapters attached; detach them first");
        foreach (var site in plan.Blocks.Select(b => b.Site))
        {
            if (site.Family != shape.Family)
                throw new InvalidInputException($"{plan.Name}: the plan is for models of {site.Family}'s family, "
                    + $"but this one is of {shape.Family}'s");
            if (site.Layer >= shape.Layers)
                throw new InvalidInputException($"{plan.Name}: {site} does not fit the model: it has layers 0 to {shape.Layers - 1}");
        }
        RequireMemory(plan, shape);
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

    private static void Merge(IAdaptable model, IEnumerable<(Site Site, nn.Module Module)> attached)
    {
        var all = attached.ToList();
        foreach (var (site, module) in all)
            if (module is not LinearSite)
                throw new InvalidInputException($"the adapter at {site} cannot be merged: it is not a change of a weight. "
                    + "LoRA, DoRA and (IA)³ can be");
        foreach (var (site, module) in all) ((LinearSite)module).Merge(model.Linear(site));
    }

    private static void Unmerge(IAdaptable model, IEnumerable<(Site Site, nn.Module Module)> attached)
    {
        foreach (var (site, module) in attached)
            if (module is LinearSite linear) linear.Unmerge(model.Linear(site));
    }

    private static void DetachLinear(IAdaptable model, Site site, LinearSite module, bool keepMerged)
    {
        var host = model.Linear(site);
        if (keepMerged) module.ForgetOriginal();
        else module.Unmerge(host);
        host.Adaptation = null;
        host.register_module(Site.AdapterModule, null!);
        module.Dispose();
    }

    private static AdapterBlock Allocate(IAdaptable model, AdaptableShape shape, BlockSpec spec, ulong seed)
    {
        Tensor? weight = spec.Site.IsLinear ? model.Linear(spec.Site).Weight : spec.Site.Point == SitePoint.Embeddings ? model.Words : null;
        using var generator = new Generator(NamedSeed.Of(seed, spec.ModulePath));
        return new AdapterBlock(spec, spec.Shape(shape), weight, model.Words, generator);
    }

    private static Action LinearAttachment(IAdaptable model, AdaptableShape shape, Site site, IReadOnlyList<BlockSpec> specs, ulong seed)
    {
        if (!site.IsLinear) throw new InvalidInputException($"{site} is no linear map of this model; no other place of it can be adapted");
        var module = new LinearSite(site, specs.Select(s => Allocate(model, shape, s, seed)).ToList());
        var host = model.Linear(site);
        return () =>
        {
            host.Adaptation = module;
            Register(host, module);
        };
    }

    private static Action Attachment(
        BertForSequenceClassification model, Site site,
        IReadOnlyList<BlockSpec> specs, ulong seed, Dictionary<string, KeyValueTable> tables)
    {
        var bert = model.Bert;
        if (site.IsLinear) return LinearAttachment(model, model.Config, site, specs, seed);
        if (site.Point == SitePoint.KeysAndValues)
        {
            if (specs.Count != 1
                || specs[0] is not { Core: KeyValueCore or KeyValueMlpCore, Compose: Composition.ConcatenateKeysAndValues })
                throw new InvalidInputException($"{site} takes one prefix");
            var spec = specs[0];
            var table = spec.ShareKey is { } key
                ? tables[key]
                : new KeyValueTable(Allocate(model, model.Config, spec, seed), 1, model.Config.NumAttentionHeads);
            var prefix = new KeyValueSite(table, spec.ShareIndex, PrefixLength(spec.Core));
            var self = bert.Layers[site.Layer].Attention.Self;
            return () =>
            {
                self.Adaptation = prefix;
                Register(self, prefix);
            };
        }
        var blocks = specs.Select(s => Allocate(model, model.Config, s, seed)).ToList();
        if (site.IsResidual)
        {
            var module = new ResidualSite(site, blocks);
            return () =>
            {
                site.Residual(bert).Adaptation = module;
                Register(site.Residual(bert), module);
            };
        }
        var tokens = new EmbeddingSite(site, blocks);
        return () =>
        {
            bert.Embeddings.Adaptation = tokens;
            Register(bert.Embeddings, tokens);
        };
    }

    private static int PrefixLength(Core core) => core is KeyValueCore flat ? flat.Length : core is KeyValueMlpCore mlp ? mlp.Length : 0;

    private static void RemoveOther(BertForSequenceClassification model, Site site)
    {
        var bert = model.Bert;
        nn.Module host;
        if (site.IsResidual)
        {
            site.Residual(bert).Adaptation = null;
            host = site.Residual(bert);
        }
        else if (site.Point == SitePoint.KeysAndValues)
        {
            bert.Layers[site.Layer].Attention.Self.Adaptation = null;
            host = bert.Layers[site.Layer].Attention.Self;
        }
        else
        {
            bert.Embeddings.Adaptation = null;
            host = bert.Embeddings;
        }
        host.register_module(Site.AdapterModule, null!);
    }

    private static void Register(nn.Module host, nn.Module adapter)
    {
        host.register_module(Site.AdapterModule, adapter);
        // A new module thinks that it is training, whatever its host is doing.
        adapter.train(host.training);
    }
}
