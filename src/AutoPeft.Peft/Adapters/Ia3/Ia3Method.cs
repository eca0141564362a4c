using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.Ia3;

/// <summary>(IA)³: <c>ia3</c>.</summary>
internal sealed class Ia3Method() : WordMethod("ia3", config => PeftMethods.Ia3(config), config => PeftMethods.Ia3(config))
{
    public override IReadOnlyList<BlockType> Blocks { get; } = [new(Ia3Scale.TypeName, Read) { Compose = Ia3Scale.Compose }];

    public override HfFamily HuggingFace { get; } = new HfIa3();

    private static Ia3Scale Read(Site site, BlockSettings settings) => settings.Text("length") switch
    {
        "in" => new Ia3Scale(site, ofInput: true),
        "out" => new Ia3Scale(site, ofInput: false),
        var other => throw settings.Bad("length", other, "one of in, out"),
    };
}
