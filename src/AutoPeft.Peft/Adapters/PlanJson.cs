using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AutoPeft.Peft.Files;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// A plan as JSON: everything that decides what an attached and trained plan computes. How its tensors started is left out, since they
/// have been trained. Reading checks that the blocks can stand together, so that a plan from elsewhere cannot half attach.
/// </summary>
internal static partial class PlanJson
{
    private const int MostLayers = 100_000;

    public static JsonObject Write(PeftPlan plan) => new()
    {
        ["name"] = plan.Name,
        ["base"] = Word(plan.Base),
        ["head"] = Word(plan.Head),
        ["shift_positions"] = plan.ShiftPositions,
        ["blocks"] = new JsonArray([.. plan.Blocks.Select(Write)]),
    };

    /// <exception cref="InvalidInputException">A key is missing, unknown or has a value that makes no plan.</exception>
    public static PeftPlan Read(JsonFields json)
    {
        var plan = new PeftPlan
        {
            Name = Required(json, "name"),
            Base = Enum<BaseTraining>(json, "base"),
            Head = Enum<HeadTraining>(json, "head"),
            ShiftPositions = json.Flag("shift_positions") ?? false,
            Blocks = [.. json.Objects("blocks").Select(ReadBlock)],
        };
        json.RefuseUnread();
        if (plan.Blocks.GroupBy(b => (b.Site, b.Name)).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"{json.Where}: two blocks named '{twice.Key.Name}' stand at {twice.Key.Site}");
        foreach (var shared in plan.Blocks.Where(b => b.ShareKey is not null).GroupBy(b => b.ShareKey!))
        {
            var whole = shared.Select(b => b.ShareIndex).Order().SequenceEqual(Enumerable.Range(0, shared.Count()));
            var fits = shared.First().Core is KeyValueMlpCore mlp && mlp.Layers == shared.Count();
            if (!whole || !fits || shared.Select(b => b.Core).Distinct().Count() > 1)
                throw new InvalidInputException($"{json.Where}: the blocks that share '{shared.Key}' do not fit together");
        }
        return plan;
    }

    private static JsonObject Write(BlockSpec block)
    {
        var json = new JsonObject
        {
            ["name"] = block.Name,
            ["point"] = Word(block.Site.Point),
            ["read"] = Word(block.Read),
            ["compose"] = Word(block.Compose),
            ["core"] = Write(block.Core),
        };
        if (block.Site.Layer >= 0) json["layer"] = block.Site.Layer;
        if (block.Scale != 1) json["scale"] = block.Scale;
        if (block.Dropout != 0) json["dropout"] = block.Dropout;
        if (block.ShareKey is not null) (json["share_key"], json["share_index"]) = (block.ShareKey, block.ShareIndex);
        return json;
    }

    private static JsonObject Write(Core core) => core switch
    {
        BottleneckCore c => new() { ["type"] = "bottleneck", ["size"] = c.Size, ["nonlinearity"] = c.Nonlinearity },
        LowRankCore c => new() { ["type"] = "low_rank", ["rank"] = c.Rank },
        VectorCore c => new() { ["type"] = "vector", ["length"] = Word(c.Length) },
        KeyValueCore c => new() { ["type"] = "key_value", ["length"] = c.Length },
        KeyValueMlpCore c =>
            new() { ["type"] = "key_value_mlp", ["length"] = c.Length, ["bottleneck"] = c.Bottleneck, ["layers"] = c.Layers },
        TokensCore c => new() { ["type"] = "tokens", ["length"] = c.Length },
        _ => throw new InvalidInputException($"a block of {core.GetType().Name} cannot be written"),
    };

    private static BlockSpec ReadBlock(JsonFields json)
    {
        var point = Enum<SitePoint>(json, "point");
        var ofModel = point is SitePoint.Embeddings or SitePoint.Pooler;
        var layer = json.Integer("layer", 0, MostLayers);
        if (ofModel != layer is null)
            throw json.Bad("layer", json.Node("layer"), ofModel ? $"none: {Word(point)} belongs to no layer" : "a layer");
        var core = json.Object("core") ?? throw json.Bad("core", null, "an object");
        var block = new BlockSpec
        {
            Name = ModuleName(json, "name") ?? throw json.Bad("name", null, "a name"),
            Site = new Site(point, layer ?? -1),
            Read = Enum<BlockInput>(json, "read"),
            Compose = Enum<Composition>(json, "compose"),
            Core = ReadCore(core),
            Scale = json.Number("scale") ?? 1,
            Dropout = json.Number("dropout") ?? 0,
            ShareKey = ModuleName(json, "share_key"),
            ShareIndex = json.Integer("share_index", 0, MostLayers) ?? 0,
        };
        if (!(block.Dropout >= 0 && block.Dropout < 1)) throw json.Bad("dropout", block.Dropout, "a number in [0, 1)");
        if (block.ShareKey is not null && block.Core is not KeyValueMlpCore) throw json.Bad("share_key", block.ShareKey, null);
        core.RefuseUnread();
        json.RefuseUnread();
        return block;
    }

    private static Core ReadCore(JsonFields json)
    {
        int Size(string key) => json.Integer(key, 1) ?? throw json.Bad(key, null, "an integer");
        return Required(json, "type") switch
        {
            "bottleneck" => new BottleneckCore(Size("size"), Known(json, "nonlinearity")),
            "low_rank" => new LowRankCore(Size("rank")),
            "vector" => new VectorCore(Enum<VectorLength>(json, "length"), Initialization.Ones),
            "key_value" => new KeyValueCore(Size("length")),
            "key_value_mlp" => new KeyValueMlpCore(Size("length"), Size("bottleneck"), Size("layers")),
            "tokens" => new TokensCore(Size("length"), Initialization.SampledWords),
            var other => throw json.Bad("type", other, "bottleneck, low_rank, vector, key_value, key_value_mlp or tokens"),
        };
    }

    private static string Known(JsonFields json, string key) =>
        Required(json, key) is var name && Activation.IsKnown(name) ? name : throw json.Bad(key, name, $"one of {Activation.Known}");

    private static string Required(JsonFields json, string key) => json.Text(key) ?? throw json.Bad(key, null, "a string");

    private static string? ModuleName(JsonFields json, string key) =>
        json.Text(key) is not { } name ? null : Plain().IsMatch(name) ? name : throw json.Bad(key, name, "letters, digits and underscores");

    private static T Enum<T>(JsonFields json, string key) where T : struct, Enum
    {
        var word = Required(json, key);
        foreach (var value in System.Enum.GetValues<T>())
            if (Word(value) == word) return value;
        throw json.Bad(key, word, $"one of {string.Join(", ", System.Enum.GetValues<T>().Select(Word))}");
    }

    /// <summary>An enumeration's member in snake case: <c>pooler_and_classifier</c>.</summary>
    private static string Word<T>(T value) where T : struct, Enum => Capital().Replace(value.ToString(), "_$0").ToLowerInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex Capital();

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,64}\z")]
    private static partial Regex Plain();
}
