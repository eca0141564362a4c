using System.Buffers;
using System.Numerics.Tensors;
using AutoPeft.Scaling.Estimation;

namespace AutoPeft.Scaling.Formulas;

/// <summary>
/// A formula over columns, evaluated block by block: one pass forward for the values, one pass backward (reverse-mode automatic
/// differentiation) for all derivatives. Immutable; safe for concurrent use.
/// </summary>
internal sealed class FormulaProgram : ILawModel
{
    private readonly record struct FormulaInstruction(FormulaOperation Operation, int Left, int Right, int Index, double Value);

    private readonly FormulaInstruction[] _steps;
    private readonly double[][] _columns;

    /// <param name="formula">The formula.</param>
    /// <param name="columns">Its regressors, one array a column, in the order of <see cref="FormulaText.Regressors"/>.</param>
    /// <param name="count">Number of rows (a formula may use no column at all).</param>
    public FormulaProgram(FormulaText formula, double[][] columns, int count)
    {
        var steps = new List<FormulaInstruction>();
        Compile(formula.Root, steps);
        (_steps, _columns, Count, ParameterCount) = ([.. steps], columns, count, formula.Parameters.Count);
    }

    private FormulaProgram(FormulaProgram other, double[][] columns, int count) =>
        (_steps, _columns, Count, ParameterCount) = (other._steps, columns, count, other.ParameterCount);

    public int Count { get; }

    public int ParameterCount { get; }

    /// <summary>The formula over other rows.</summary>
    public FormulaProgram On(double[][] columns, int count) => new(this, columns, count);

    /// <summary>The formula over some of the rows.</summary>
    public FormulaProgram Take(int[] rows) => new(this, [.. _columns.Select(c => rows.Select(i => c[i]).ToArray())], rows.Length);

    private static int Compile(FormulaNode node, List<FormulaInstruction> steps)
    {
        int left = node.Left is { } l ? Compile(l, steps) : -1, right = node.Right is { } r ? Compile(r, steps) : -1;
        steps.Add(new FormulaInstruction(node.Operation, left, right, node.Index, node.Value));
        return steps.Count - 1;
    }

    public void Evaluate(ReadOnlySpan<double> theta, int from, Span<double> value, Span<double> gradient)
    {
        int b = value.Length, n = _steps.Length;
        double[] buffer = ArrayPool<double>.Shared.Rent(n * b * 2);
        var values = buffer.AsSpan(0, n * b);
        for (int s = 0; s < n; s++) Forward(_steps[s], theta, from, values, b, values.Slice(s * b, b));
        values.Slice((n - 1) * b, b).CopyTo(value);
        if (!gradient.IsEmpty)
        {
            var adjoints = buffer.AsSpan(n * b, n * b);
            adjoints.Clear();
            gradient.Clear();
            adjoints.Slice((n - 1) * b, b).Fill(1);
            for (int s = n - 1; s >= 0; s--) Backward(_steps[s], s, values, adjoints, b, gradient);
        }
        ArrayPool<double>.Shared.Return(buffer);
    }

    private void Forward(FormulaInstruction step, ReadOnlySpan<double> theta, int from, Span<double> values, int b, Span<double> to)
    {
        var l = step.Left >= 0 ? values.Slice(step.Left * b, b) : default;
        var r = step.Right >= 0 ? values.Slice(step.Right * b, b) : default;
        switch (step.Operation)
        {
            case FormulaOperation.Constant: to.Fill(step.Value); break;
            case FormulaOperation.Column: _columns[step.Index].AsSpan(from, b).CopyTo(to); break;
            case FormulaOperation.Parameter: to.Fill(theta[step.Index]); break;
            case FormulaOperation.Add: TensorPrimitives.Add(l, r, to); break;
            case FormulaOperation.Subtract: TensorPrimitives.Subtract(l, r, to); break;
            case FormulaOperation.Multiply: TensorPrimitives.Multiply(l, r, to); break;
            case FormulaOperation.Divide: TensorPrimitives.Divide(l, r, to); break;
            case FormulaOperation.Power: Power(l, r, to); break;
            case FormulaOperation.Negate: TensorPrimitives.Negate(l, to); break;
            case FormulaOperation.Exp: TensorPrimitives.Exp(l, to); break;
            case FormulaOperation.Log: TensorPrimitives.Log(l, to); break;
            case FormulaOperation.Sqrt: TensorPrimitives.Sqrt(l, to); break;
            case FormulaOperation.Tanh: TensorPrimitives.Tanh(l, to); break;
            case FormulaOperation.Sigmoid: TensorPrimitives.Sigmoid(l, to); break;
            case FormulaOperation.Abs: TensorPrimitives.Abs(l, to); break;
            case FormulaOperation.Max: TensorPrimitives.Max(l, r, to); break;
            case FormulaOperation.Min: TensorPrimitives.Min(l, r, to); break;
            default:
                for (int i = 0; i < b; i++)
                {
                    double top = Math.Max(l[i], r[i]);
                    to[i] = double.IsInfinity(top) ? top : top + Math.Log(Math.Exp(l[i] - top) + Math.Exp(r[i] - top));
                }
                break;
        }
    }

    // Positive bases through exponential and logarithm, which are vectorised; others as Math.Pow defines them.
    private static void Power(ReadOnlySpan<double> l, ReadOnlySpan<double> r, Span<double> to)
    {
        bool positive = TensorPrimitives.Min(l) > 0;
        for (int i = 0; i < to.Length && !positive; i++) to[i] = Math.Pow(l[i], r[i]);
        if (!positive) return;
        TensorPrimitives.Log(l, to);
        TensorPrimitives.Multiply(to, r, to);
        TensorPrimitives.Exp(to, to);
    }

    private static void Backward(FormulaInstruction step, int s, Span<double> values, Span<double> adjoints, int b, Span<double> gradient)
    {
        var g = adjoints.Slice(s * b, b);
        if (step.Operation == FormulaOperation.Parameter)
        {
            var to = gradient.Slice(step.Index * b, b);
            TensorPrimitives.Add(to, g, to);
            return;
        }
        if (step.Left < 0) return;
        var v = values.Slice(s * b, b);
        var l = values.Slice(step.Left * b, b);
        var gl = adjoints.Slice(step.Left * b, b);
        if (step.Right >= 0)
        {
            Binary(step.Operation, g, v, l, values.Slice(step.Right * b, b), gl, adjoints.Slice(step.Right * b, b));
            return;
        }
        for (int i = 0; i < b; i++)
            gl[i] += g[i] * step.Operation switch
            {
                FormulaOperation.Negate => -1,
                FormulaOperation.Exp => v[i],
                FormulaOperation.Log => 1 / l[i],
                FormulaOperation.Sqrt => 0.5 / v[i],
                FormulaOperation.Tanh => 1 - v[i] * v[i],
                FormulaOperation.Sigmoid => v[i] * (1 - v[i]),
                _ => Math.Sign(l[i]),
            };
    }

    private static void Binary(
        FormulaOperation operation, Span<double> g, Span<double> v, Span<double> l, Span<double> r, Span<double> gl, Span<double> gr)
    {
        switch (operation)
        {
            case FormulaOperation.Add:
                TensorPrimitives.Add(gl, g, gl);
                TensorPrimitives.Add(gr, g, gr);
                break;
            case FormulaOperation.Subtract:
                TensorPrimitives.Add(gl, g, gl);
                TensorPrimitives.Subtract(gr, g, gr);
                break;
            case FormulaOperation.Multiply:
                TensorPrimitives.MultiplyAdd(g, r, gl, gl);
                TensorPrimitives.MultiplyAdd(g, l, gr, gr);
                break;
            case FormulaOperation.Divide:
                for (int i = 0; i < g.Length; i++)
                {
                    gl[i] += g[i] / r[i];
                    gr[i] -= g[i] * v[i] / r[i];
                }
                break;
            case FormulaOperation.Power:
                for (int i = 0; i < g.Length; i++)
                {
                    gl[i] += g[i] * (l[i] > 0 ? r[i] * v[i] / l[i] : r[i] * Math.Pow(l[i], r[i] - 1));
                    if (l[i] > 0) gr[i] += g[i] * v[i] * Math.Log(l[i]);
                }
                break;
            case FormulaOperation.LogAddExp:
                for (int i = 0; i < g.Length; i++)
                {
                    double w = Math.Exp(l[i] - v[i]);
                    gl[i] += g[i] * w;
                    gr[i] += g[i] * (1 - w);
                }
                break;
            default:
                for (int i = 0; i < g.Length; i++)
                    if (v[i] == l[i]) gl[i] += g[i];
                    else gr[i] += g[i];
                break;
        }
    }
}
