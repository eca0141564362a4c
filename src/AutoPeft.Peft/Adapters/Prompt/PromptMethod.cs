using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.Prompt;

/// <summary>Prompt tuning: <c>prompt N</c>, where N is the number of virtual tokens.</summary>
internal sealed class PromptMethod : PeftMethod
{
    public override IReadOnlyList<string> Names { get; } = ["prompt"];

    public override IReadOnlyList<string> Examples { get; } = ["prompt 20"];

    public override IReadOnlyList<BlockType> Blocks { get; } =
        [new(PromptBlock.TypeName, (site, settings) => new PromptBlock(site, settings.Integer("length")))];

    public override HfFamily HuggingFace { get; } = new HfPrompt();

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        var length = words.Size(0, config);
        words.RequireSettings(1);
        return PeftMethods.Prompt(config, length);
    }
}
