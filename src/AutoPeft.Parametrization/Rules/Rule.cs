namespace AutoPeft.Parametrization;

/// <summary>One row of a parametrisation's table.</summary>
/// <param name="Init">Standard deviation of the initial values over the base tensor's.</param>
/// <param name="Multiplier">Factor of what the tensor contributes to the forward pass.</param>
/// <param name="Rate">Learning rate over the tuned one.</param>
/// <param name="Decay">Weight decay over the tuned one, where a step multiplies weights by 1 − rate × decay.</param>
/// <param name="Epsilon">Adam's epsilon over the tuned one.</param>
/// <param name="Source">Where the row comes from.</param>
internal sealed record Rule(Powers Init, Powers Multiplier, Powers Rate, Powers Decay, Powers Epsilon, string Source);
