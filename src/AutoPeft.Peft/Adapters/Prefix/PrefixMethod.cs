using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.Prefix;

/// <summary>Prefix tuning: <c>prefix N</c>, made by an MLP, or <c>prefix N flat</c>; N is the number of virtual positions.</summary>
internal sealed class PrefixMethod : PeftMethod
{
    /// <summary>What a prefix is called below its layer, and its MLP at the encoder.</summary>
    public const string BlockName = "prefix";

    public override IReadOnlyList<string> Names { get; } = ["prefix"];

    public override IReadOnlyList<string> Examples { get; } = ["prefix 10", "prefix 10 flat"];

    public override IReadOnlyList<BlockType> Blocks { get; } =
    [
        new(PrefixBlock.TypeName, (site, settings) => new PrefixBlock(site, settings.Integer("length"))),
        new(PrefixMlpBlock.TypeName, (site, settings) => new PrefixMlpBlock(
            site, settings.Integer("length"), settings.Integer("bottleneck"), settings.Integer("layers"), settings.ShareKey,
            settings.ShareIndex)),
    ];

    public override HfFamily HuggingFace { get; } = new HfPrefix();

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        var length = words.Size(0, config);
        if (words.Settings.ElementAtOrDefault(1) != "flat")
        {
            words.RequireSettings(1);
            return PeftMethods.Prefix(config, length);
        }
        words.RequireSettings(2);
        return PeftMethods.Prefix(config, length, bottleneck: 0);
    }
}
