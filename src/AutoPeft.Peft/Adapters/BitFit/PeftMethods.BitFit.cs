namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>Biases and head (Ben Zaken et al., ACL 2022).</summary>
    public static PeftPlan BitFit() => new() { Name = "bitfit", Base = BaseTraining.Biases };
}
