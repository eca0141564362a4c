namespace AutoPeft.Peft.Adapters.FullFineTuning;

/// <summary>The head alone: <c>head</c>. Decoders have none.</summary>
internal sealed class HeadMethod() : WordMethod("head", _ => PeftMethods.HeadOnly(), null);
