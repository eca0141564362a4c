namespace AutoPeft.Parametrization;

/// <summary>Where a forward multiplier goes. Both forms train alike, up to rounding.</summary>
public enum MultiplierForm
{
    /// <summary>
    /// Into the initial values and the optimiser's factors of the layer: multiplier θ becomes initial scale × θ, rate × θ (SGD: θ²),
    /// decay ÷ θ (Adam and SGD, which add it to the gradient: θ²) and epsilon ÷ θ. Nothing has to be kept with the weights. A tied
    /// weight cannot have this form and keeps its multiplier.
    /// </summary>
    Folded,

    /// <summary>
    /// A hook on the module, with a buffer <c>forward_multiplier</c> beside the weights, which checkpoints save and load. The module must
    /// be run by its <c>call</c>; <c>forward</c> passes hooks by.
    /// </summary>
    Hooked,
}
