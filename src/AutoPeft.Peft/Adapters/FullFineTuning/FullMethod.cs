namespace AutoPeft.Peft.Adapters.FullFineTuning;

/// <summary>Full fine-tuning: <c>full</c>.</summary>
internal sealed class FullMethod() : WordMethod(
    "full", _ => PeftMethods.Full(), _ => PeftMethods.Full() with { Head = HeadTraining.Frozen });
