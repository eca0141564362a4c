using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.FullFineTuning;

/// <summary>Full fine-tuning: <c>full</c>.</summary>
internal sealed class FullMethod : PeftMethod
{
    public override IReadOnlyList<string> Names { get; } = ["full"];

    public override IReadOnlyList<string> Examples => Names;

    public override IReadOnlyList<string> DecoderExamples => Names;

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        words.RequireSettings(0);
        return PeftMethods.Full();
    }

    public override PeftPlan Plan(PlanWords words, DecoderConfig config)
    {
        words.RequireSettings(0);
        return PeftMethods.Full() with { Head = HeadTraining.Frozen };
    }
}

/// <summary>The head alone: <c>head</c>.</summary>
internal sealed class HeadMethod : PeftMethod
{
    public override IReadOnlyList<string> Names { get; } = ["head"];

    public override IReadOnlyList<string> Examples => Names;

    public override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        words.RequireSettings(0);
        return PeftMethods.HeadOnly();
    }
}
