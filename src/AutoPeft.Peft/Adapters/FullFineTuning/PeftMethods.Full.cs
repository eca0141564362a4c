namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>Every parameter.</summary>
    public static PeftPlan Full() => new() { Name = "full", Base = BaseTraining.All };

    /// <summary>The head alone.</summary>
    public static PeftPlan HeadOnly() => new() { Name = "head" };
}
