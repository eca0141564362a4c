using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.Bottleneck;

/// <summary>Serial and parallel adapters: <c>serial N</c>, <c>parallel N</c>, where N is the bottleneck width.</summary>
internal sealed class BottleneckMethod : PeftMethod
{
    private const string Serial = "serial", Parallel = "parallel";

    public override IReadOnlyList<string> Names { get; } = [Serial, Parallel];

    public override IReadOnlyList<string> Examples { get; } = ["serial 48", "parallel 384"];

    public override IReadOnlyList<BlockType> Blocks { get; } = [new(BottleneckBlock.TypeName, Read)];

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        var size = words.Size(0, config);
        words.RequireSettings(1);
        return words.Method == Serial ? PeftMethods.Serial(config, size) : PeftMethods.Parallel(config, size);
    }

    private static BottleneckBlock Read(Site site, BlockSettings settings)
    {
        var (size, nonlinearity) = (settings.Integer("size"), settings.Text("nonlinearity"));
        if (!Activation.IsKnown(nonlinearity)) throw settings.Bad("nonlinearity", nonlinearity, $"one of {Activation.Known}");
        return new BottleneckBlock(site, BottleneckBlock.TypeName, settings.BlockWord<ResidualInput>("read"), size)
        {
            Nonlinearity = nonlinearity,
        };
    }
}
