using System.Text.Json.Nodes;
using AutoPeft.Peft.Files;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// A plan as JSON: everything that decides what an attached and trained plan computes. How its tensors started is left out, since they
/// have been trained. Reading checks that the blocks can stand together, so that a plan from elsewhere cannot half attach.
/// </summary>
internal static class PlanJson
{
    /// <summary>No model has more; a larger number is damage.</summary>
    public const int MostLayers = 100_000;

    public static JsonObject Write(PeftPlan plan) => new()
    {
        ["name"] = plan.Name,
        ["base"] = JsonWords.Of(plan.Base),
        ["head"] = JsonWords.Of(plan.Head),
        ["shift_positions"] = plan.ShiftPositions,
        ["blocks"] = new JsonArray([.. plan.Blocks.Select(Write)]),
    };

    /// <param name="json">The object.</param>
    /// <param name="own">Types of blocks besides those of this library's methods.</param>
    /// <exception cref="InvalidInputException">A key is missing, unknown or has a value that makes no plan.</exception>
    public static PeftPlan Read(JsonFields json, IReadOnlyList<BlockType> own)
    {
        IReadOnlyList<BlockType> types = [.. PeftMethod.All.SelectMany(m => m.Blocks), .. own];
        var plan = new PeftPlan
        {
            Name = json.Text("name") ?? throw json.Bad("name", null, "a string"),
            Base = JsonWords.Read<BaseTraining>(json, "base"),
            Head = JsonWords.Read<HeadTraining>(json, "head"),
            ShiftPositions = json.Flag("shift_positions") ?? false,
            Blocks = [.. json.Objects("blocks").Select(b => ReadBlock(b, types))],
        };
        json.RefuseUnread();
        if (plan.Blocks.GroupBy(b => (b.Site, b.Name)).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"{json.Where}: two blocks named '{twice.Key.Name}' stand at {twice.Key.Site}");
        foreach (var shared in plan.Blocks.OfType<KeyValueBlock>().Where(b => b.ShareKey is not null).GroupBy(b => b.ShareKey!))
        {
            var whole = shared.Select(b => b.ShareIndex).Order().SequenceEqual(Enumerable.Range(0, shared.Count()));
            if (!whole || shared.First().Layers != shared.Count() || !shared.All(shared.First().SharesWith))
                throw new InvalidInputException($"{json.Where}: the blocks that share '{shared.Key}' do not fit together");
        }
        return plan;
    }

    /// <summary>The name of a module; null where it is absent.</summary>
    /// <exception cref="InvalidInputException">A module cannot have that name.</exception>
    public static string? ModuleName(JsonFields json, string key) =>
        json.Text(key) is not { } name ? null
        : AdapterBlock.IsName(name) ? name
        : throw json.Bad(key, name, "letters, digits and underscores");

    private static JsonObject Write(AdapterBlock block)
    {
        var json = new JsonObject { ["name"] = block.Name, ["point"] = JsonWords.Of(block.Site.Point) };
        if (block.Join is var (read, compose)) (json["read"], json["compose"]) = (read, compose);
        var core = new JsonObject { ["type"] = block.Type };
        foreach (var (key, value) in block.Settings) core[key] = value?.DeepClone();
        json["core"] = core;
        if (block.Site.Layer >= 0) json["layer"] = block.Site.Layer;
        block.Write(json);
        return json;
    }

    private static AdapterBlock ReadBlock(JsonFields json, IReadOnlyList<BlockType> types)
    {
        var point = JsonWords.Read<SitePoint>(json, "point");
        var ofModel = Site.IsOfModel(point);
        var layer = json.Integer("layer", 0, MostLayers);
        if (ofModel != layer is null)
            throw json.Bad("layer", json.Node("layer"), ofModel ? $"none: {JsonWords.Of(point)} belongs to no layer" : "a layer");
        var core = json.Object("core") ?? throw json.Bad("core", null, "an object");
        var (read, compose) = (json.Text("read"), json.Text("compose"));
        var settings = new BlockSettings(json, core);
        var block = TypeOf(core, json, compose, types).Read(new Site(point, layer ?? -1), settings).Read(settings) with
        {
            Name = ModuleName(json, "name") ?? throw json.Bad("name", null, "a name"),
        };
        if (read != block.Join?.Read) throw json.Bad("read", read, block.Join?.Read ?? "none");
        if (compose != block.Join?.Compose) throw json.Bad("compose", compose, block.Join?.Compose ?? "none");
        core.RefuseUnread();
        json.RefuseUnread();
        return block;
    }

    private static BlockType TypeOf(JsonFields core, JsonFields json, string? compose, IReadOnlyList<BlockType> types)
    {
        var name = core.Text("type") ?? throw core.Bad("type", null, "a string");
        BlockType[] named = [.. types.Where(t => t.Name == name)];
        if (named.Length == 0)
            throw core.Bad("type", name, string.Join(", ", types.Select(t => t.Name).Distinct().Order(StringComparer.Ordinal)));
        return named.FirstOrDefault(t => t.Compose is null || t.Compose == compose)
            ?? throw json.Bad("compose", compose, string.Join(" or ", named.Select(t => t.Compose)));
    }
}
