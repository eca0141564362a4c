namespace AutoPeft.Parametrization;

/// <summary>How an optimiser makes steps of gradients; learning-rate factors depend on it.</summary>
public enum OptimizerFamily
{
    /// <summary>Adam with L2 regularisation in the gradient: steps do not depend on the gradient's size.</summary>
    Adam,

    /// <summary>AdamW: as Adam, with weights multiplied by 1 − rate × decay at every step.</summary>
    AdamW,

    /// <summary>Gradient descent, with or without momentum: steps are proportional to the gradient.</summary>
    Sgd,
}
