namespace AutoPeft.Parametrization;

/// <summary>How the mean |x| of one module's output depends on the model's size.</summary>
/// <param name="Module">The module's name; "(model)" for the model itself. In a check of depth, blocks have * for their number.</param>
/// <param name="Tensors">The module's own parameters; for a module without any, those that feed it from beside it.</param>
/// <param name="BySteps">Slope of log mean |x| against log size, less what the plan asks for, before the first update, after one, after
/// two, ….</param>
/// <param name="Judged">The slope over the judged steps, each model's logarithms averaged.</param>
/// <param name="StartsSmall">
/// Whether the output shrinks with size, no faster than size^−½, where that is no fault: attention logits and the network's output start
/// so and grow out of it in some steps (microsoft/mup, README, "Coord Check"); over depths, a residual stream whose branches are divided by
/// r.
/// </param>
/// <param name="Passed">
/// Whether the judged slope is within the tolerance, its interval reaches the tolerance, or the output only starts small.
/// </param>
public sealed record ModuleSlope(
    string Module, IReadOnlyList<string> Tensors, IReadOnlyList<Estimate> BySteps, Estimate Judged, bool StartsSmall,
    bool Passed);
