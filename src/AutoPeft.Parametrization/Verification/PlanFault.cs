namespace AutoPeft.Parametrization;

/// <summary>Something that a model or an optimiser does otherwise than the plan asks.</summary>
/// <param name="Tensor">The parameter's or, for a forward multiplier, the module's name.</param>
/// <param name="Problem">What the tensor or module is, and what the plan asks it to be.</param>
public sealed record PlanFault(string Tensor, string Problem)
{
    /// <summary>Name and problem in one line.</summary>
    public override string ToString() => $"{Tensor}: {Problem}";
}
