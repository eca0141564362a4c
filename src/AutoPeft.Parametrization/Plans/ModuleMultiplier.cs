namespace AutoPeft.Parametrization;

/// <summary>A number that a module's input or output is multiplied by in the forward pass.</summary>
/// <param name="Module">Name of the module whose input or output is multiplied.</param>
/// <param name="Value">Factor that the module's input or output is multiplied by.</param>
/// <param name="OnInput">true: the input is multiplied, so that a bias is not; false: the output.</param>
/// <param name="Source">Paper or code that the multiplier's rule comes from.</param>
public sealed record ModuleMultiplier(string Module, double Value, bool OnInput, string Source);
