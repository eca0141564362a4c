namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>Full fine-tuning: every parameter of the model and its head is trained.</summary>
    public static PeftPlan Full() => new() { Name = "full", Base = BaseTraining.All };

    /// <summary>Trains the head alone; the base model stays frozen.</summary>
    public static PeftPlan HeadOnly() => new() { Name = "head" };
}
