using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.BitFit;

/// <summary>BitFit: <c>bitfit</c>.</summary>
internal sealed class BitFitMethod : PeftMethod
{
    public override IReadOnlyList<string> Names { get; } = ["bitfit"];

    public override IReadOnlyList<string> Examples => Names;

    public override IReadOnlyList<string> DecoderExamples => Names;

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        words.RequireSettings(0);
        return PeftMethods.BitFit();
    }

    public override PeftPlan Plan(PlanWords words, DecoderConfig config)
    {
        words.RequireSettings(0);
        return PeftMethods.BitFit() with { Head = HeadTraining.Frozen };
    }
}
