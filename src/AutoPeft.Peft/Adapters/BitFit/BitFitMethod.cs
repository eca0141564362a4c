namespace AutoPeft.Peft.Adapters.BitFit;

/// <summary>BitFit: <c>bitfit</c>.</summary>
internal sealed class BitFitMethod() : WordMethod(
    "bitfit", _ => PeftMethods.BitFit(), _ => PeftMethods.BitFit() with { Head = HeadTraining.Frozen });
