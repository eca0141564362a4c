using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.Lora;

/// <summary>LoRA, rsLoRA and DoRA, whose names <see cref="LoraName"/> reads.</summary>
internal sealed class LoraMethod : PeftMethod
{
    public override IReadOnlyList<string> Names { get; } = [LoraName.Lora, LoraName.Dora];

    public override IReadOnlyList<string> Examples { get; } = ["lora r8 qv", "dora r8 a16 qkvo"];

    public override IReadOnlyList<string> DecoderExamples { get; } = ["lora r8 qv", "dora r8 a16 qkvogif"];

    public override IReadOnlyList<BlockType> Blocks { get; } =
    [
        new(LoraBlock.TypeName, (site, settings) => new LoraBlock(site, settings.Integer("rank")) { Scale = settings.Scale }),
        new(DoraMagnitude.TypeName, Magnitude) { Compose = DoraMagnitude.Compose },
    ];

    public override HfFamily HuggingFace { get; } = new HfLora();

    public override PeftPlan Plan(PlanWords words, BertConfig config) => PeftMethods.Lora(config, LoraName.Parse(words));

    public override PeftPlan Plan(PlanWords words, DecoderConfig config) => PeftMethods.Lora(config, LoraName.Parse(words));

    private static DoraMagnitude Magnitude(Site site, BlockSettings settings) =>
        settings.Text("length") is var length && length == "out"
            ? new DoraMagnitude(site)
            : throw settings.Bad("length", length, "out");
}
