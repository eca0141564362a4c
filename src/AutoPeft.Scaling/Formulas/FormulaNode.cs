namespace AutoPeft.Scaling.Formulas;

/// <summary>What a node of a formula computes.</summary>
internal enum FormulaOperation
{
    Constant, Column, Parameter, Add, Subtract, Multiply, Divide, Power, Negate, Exp, Log, Sqrt, Tanh, Sigmoid, Abs, Max, Min, LogAddExp,
}

/// <summary>One node of a formula's tree. Immutable.</summary>
/// <param name="Operation">What the node computes.</param>
/// <param name="Left">First operand; null for leaves.</param>
/// <param name="Right">Second operand; null for leaves and functions of one argument.</param>
/// <param name="Index">Index of the column or parameter of a leaf.</param>
/// <param name="Value">Value of a constant.</param>
internal sealed record FormulaNode(FormulaOperation Operation, FormulaNode? Left = null, FormulaNode? Right = null, int Index = -1,
    double Value = 0)
{
    /// <summary>
    /// Degree of the node's polynomial in a set of parameters: 0 where none enters, 1 where they enter linearly, infinite otherwise.
    /// </summary>
    public double Degree(IReadOnlySet<int> parameters)
    {
        double l = Left?.Degree(parameters) ?? 0, r = Right?.Degree(parameters) ?? 0;
        return Operation switch
        {
            FormulaOperation.Constant or FormulaOperation.Column => 0,
            FormulaOperation.Parameter => parameters.Contains(Index) ? 1 : 0,
            FormulaOperation.Add or FormulaOperation.Subtract => Math.Max(l, r),
            FormulaOperation.Multiply => l + r,
            FormulaOperation.Divide => r == 0 ? l : double.PositiveInfinity,
            FormulaOperation.Negate => l,
            _ => l == 0 && r == 0 ? 0 : double.PositiveInfinity,
        };
    }
}
