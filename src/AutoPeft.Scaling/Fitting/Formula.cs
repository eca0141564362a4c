using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>A law a person writes as a C# lambda: parameters and one row of regressors in, the predicted value out.</summary>
/// <param name="parameters">Current parameters, carrying gradients.</param>
/// <param name="row">Regressors of one run.</param>
/// <remarks>Use <see cref="Dual.Exp"/>, <see cref="Dual.Log"/> and <see cref="Dual.Pow"/> where <see cref="Math"/> would be used.</remarks>
public delegate Dual Formula(ReadOnlySpan<Dual> parameters, ReadOnlySpan<double> row);

/// <summary>One parameter of a formula.</summary>
/// <param name="Name">Name of the parameter in the formula.</param>
/// <param name="Start">Where descents start; not a number where no start is stated and the search chooses.</param>
/// <param name="Low">Least value that the fit may give the parameter.</param>
/// <param name="High">Upper bound. A parameter whose bounds are equal is fixed.</param>
/// <param name="OtherStarts">Further starting values; all combinations are tried.</param>
public sealed record FormulaParameter(
    string Name, double Start = double.NaN, double Low = double.NegativeInfinity, double High = double.PositiveInfinity,
    params double[] OtherStarts)
{
    /// <summary>Whether the bounds leave one value only.</summary>
    public bool IsFixed => Low == High;
}
