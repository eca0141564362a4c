namespace AutoPeft.Parametrization;

/// <summary>How the standard deviation that a model's own constructor gives a tensor depends on the tensor's shape.</summary>
public enum InitializerLaw
{
    /// <summary>Found by comparing the model's initial values with the base's.</summary>
    Detect,

    /// <summary>The same at every size, as GPT-2's 0.02, ones and zeros.</summary>
    Constant,

    /// <summary>Proportional to fan-in^−½, as torch's default for linear layers and convolutions, and their biases.</summary>
    FanIn,

    /// <summary>Proportional to fan-out^−½.</summary>
    FanOut,

    /// <summary>Proportional to (fan-in + fan-out)^−½, as Glorot and Bengio's.</summary>
    Xavier,
}
