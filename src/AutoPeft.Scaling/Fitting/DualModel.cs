using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>A law that a person wrote as a C# lambda over rows, differentiated by dual numbers.</summary>
internal sealed class DualModel(Formula formula, IReadOnlyList<double[]> rows, int parameters) : ILawModel
{
    public int Count => rows.Count;

    public int ParameterCount => parameters;

    /// <summary>The lambda over some of the rows.</summary>
    public DualModel Take(int[] at) => new(formula, [.. at.Select(i => rows[i])], parameters);

    public void Evaluate(ReadOnlySpan<double> theta, int from, Span<double> value, Span<double> gradient)
    {
        var duals = new Dual[parameters];
        for (int k = 0; k < parameters; k++) duals[k] = gradient.IsEmpty ? theta[k] : Dual.Variable(theta[k], k, parameters);
        for (int i = 0; i < value.Length; i++)
        {
            var f = formula(duals, rows[from + i]);
            value[i] = f.Value;
            for (int k = 0; k < parameters && !gradient.IsEmpty; k++) gradient[k * value.Length + i] = f.Derivative(k);
        }
    }
}
