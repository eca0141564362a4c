using System.Numerics.Tensors;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Estimation;

/// <summary>E + A/N^α + B/D^β over θ = (a, b, e, α, β) with centred ln N and ln D, as <c>HuberLossObjective</c> has them.</summary>
internal sealed class LossLawModel : ILawModel
{
    private readonly double[] _x, _y;

    public LossLawModel(LossPoints points, double meanX, double meanY) =>
        (_x, _y) = ([.. points.N.Select(v => Math.Log(v) - meanX)], [.. points.D.Select(v => Math.Log(v) - meanY)]);

    public int Count => _x.Length;

    public int ParameterCount => 5;

    public void Evaluate(ReadOnlySpan<double> theta, int from, Span<double> value, Span<double> gradient)
    {
        int b = value.Length;
        Span<double> u = stackalloc double[b], v = stackalloc double[b];
        for (int i = 0; i < b; i++)
        {
            u[i] = Math.Min(theta[0] - theta[3] * _x[from + i], 300);
            v[i] = Math.Min(theta[1] - theta[4] * _y[from + i], 300);
        }
        TensorPrimitives.Exp(u, u);
        TensorPrimitives.Exp(v, v);
        double e = Math.Exp(Math.Min(theta[2], 300));
        for (int i = 0; i < b; i++) value[i] = u[i] + v[i] + e;
        if (gradient.IsEmpty) return;
        for (int i = 0; i < b; i++)
        {
            gradient[i] = u[i];
            gradient[b + i] = v[i];
            gradient[2 * b + i] = e;
            gradient[3 * b + i] = -_x[from + i] * u[i];
            gradient[4 * b + i] = -_y[from + i] * v[i];
        }
    }
}
