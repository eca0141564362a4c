namespace AutoPeft.Peft.Models;

/// <summary>
/// What plans must know of a model's shape: its family, its layers and heads, and the widths at its sites. Made from a configuration.
/// </summary>
internal sealed class AdaptableShape
{
    private readonly Func<Site, (int In, int Out)> features;

    private AdaptableShape(SiteFamily family, int layers, int heads, Func<Site, (int In, int Out)> features) =>
        (Family, Layers, Heads, this.features) = (family, layers, heads, features);

    /// <summary>Whose names and places the model has.</summary>
    public SiteFamily Family { get; }

    /// <summary>How many layers it has.</summary>
    public int Layers { get; }

    /// <summary>Attention heads of a layer.</summary>
    public int Heads { get; }

    /// <summary>The encoder's own configuration; null where the model is a decoder.</summary>
    public BertConfig? Encoder { get; private init; }

    /// <summary>The family of a decoder.</summary>
    public static SiteFamily FamilyOf(DecoderConfig config) => config.IsGpt2 ? SiteFamily.Gpt2 : SiteFamily.Llama;

    /// <summary>Widths of what goes into a site and what comes out.</summary>
    public (int In, int Out) Features(Site site) => features(site);

    /// <summary>Where this family has what a target names: in GPT-2 one map makes queries, keys and values.</summary>
    public SitePoint PointOf(SitePoint target) =>
        Family == SiteFamily.Gpt2 && target is (SitePoint.Query or SitePoint.Key or SitePoint.Value) ? SitePoint.QueryKeyValue : target;

    /// <summary>Layers that somebody chose, ascending.</summary>
    /// <param name="chosen">Their numbers; null: all layers.</param>
    /// <exception cref="InvalidInputException">There is none, or the model has no such layer.</exception>
    public IReadOnlyList<int> LayersOf(IReadOnlyCollection<int>? chosen)
    {
        if (chosen is null) return [.. Enumerable.Range(0, Layers)];
        if (chosen.Count == 0) throw new InvalidInputException("a method needs at least one layer");
        foreach (var layer in chosen)
            if (layer < 0 || layer >= Layers)
                throw new InvalidInputException($"layer {layer} does not fit the model: it has layers 0 to {Layers - 1}");
        return [.. chosen.Distinct().Order()];
    }

    /// <summary>Every linear map that can be adapted, the pooler's last.</summary>
    public IEnumerable<Site> LinearSites()
    {
        for (var layer = 0; layer < Layers; layer++)
            foreach (var point in Site.LayerMaps(Family)) yield return new Site(point, layer, Family);
        if (Family == SiteFamily.Bert) yield return new Site(SitePoint.Pooler);
    }

    /// <summary>The shape of an encoder.</summary>
    public static implicit operator AdaptableShape(BertConfig config) =>
        new(SiteFamily.Bert, config.NumHiddenLayers, config.NumAttentionHeads, site => site.Features(config)) { Encoder = config };

    /// <summary>The shape of a decoder.</summary>
    public static implicit operator AdaptableShape(DecoderConfig config) =>
        new(FamilyOf(config), config.NumHiddenLayers, config.NumAttentionHeads, site => site.Features(config));
}
