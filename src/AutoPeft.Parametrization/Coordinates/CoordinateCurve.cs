namespace AutoPeft.Parametrization;

/// <summary>A module's mean |x| against size, for each step.</summary>
internal sealed record CoordinateCurve(string Module, bool Passed, IReadOnlyList<IReadOnlyList<(double Size, double Mean)>> BySteps);
