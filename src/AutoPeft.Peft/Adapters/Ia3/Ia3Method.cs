using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.Ia3;

/// <summary>(IA)³: <c>ia3</c>.</summary>
internal sealed class Ia3Method : PeftMethod
{
    public override IReadOnlyList<string> Names { get; } = ["ia3"];

    public override IReadOnlyList<string> Examples => Names;

    public override IReadOnlyList<string> DecoderExamples => Names;

    public override IReadOnlyList<BlockType> Blocks { get; } = [new(Ia3Scale.TypeName, Read) { Compose = Ia3Scale.Compose }];

    public override HfFamily HuggingFace { get; } = new HfIa3();

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        words.RequireSettings(0);
        return PeftMethods.Ia3(config);
    }

    public override PeftPlan Plan(PlanWords words, DecoderConfig config)
    {
        words.RequireSettings(0);
        return PeftMethods.Ia3(config);
    }

    private static Ia3Scale Read(Site site, BlockSettings settings) => settings.Text("length") switch
    {
        "in" => new Ia3Scale(site, ofInput: true),
        "out" => new Ia3Scale(site, ofInput: false),
        var other => throw settings.Bad("length", other, "one of in, out"),
    };
}
