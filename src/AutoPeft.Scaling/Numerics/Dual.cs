namespace AutoPeft.Scaling.Numerics;

/// <summary>
/// A number that carries its gradient (forward-mode automatic differentiation): write a formula once with
/// <see cref="Dual"/> and the exact gradient comes with the value. Immutable.
/// </summary>
public readonly struct Dual
{
    private readonly double[]? _gradient;

    private Dual(double value, double[]? gradient) => (Value, _gradient) = (value, gradient);

    /// <summary>The number itself, without its gradient.</summary>
    public double Value { get; }

    /// <summary>Derivative with respect to variable <paramref name="i"/>.</summary>
    public double Derivative(int i) => _gradient?[i] ?? 0;

    /// <summary>Variable <paramref name="index"/> of <paramref name="count"/>, at <paramref name="value"/>.</summary>
    public static Dual Variable(double value, int index, int count)
    {
        var g = new double[count];
        g[index] = 1;
        return new Dual(value, g);
    }

    /// <summary>A constant.</summary>
    public static implicit operator Dual(double value) => new(value, null);

    /// <summary>Sum.</summary>
    public static Dual operator +(Dual a, Dual b) => new(a.Value + b.Value, Combine(a, 1, b, 1));
    /// <summary>Difference.</summary>
    public static Dual operator -(Dual a, Dual b) => new(a.Value - b.Value, Combine(a, 1, b, -1));
    /// <summary>Negation.</summary>
    public static Dual operator -(Dual a) => new(-a.Value, Combine(a, -1, default, 0));
    /// <summary>Product.</summary>
    public static Dual operator *(Dual a, Dual b) => new(a.Value * b.Value, Combine(a, b.Value, b, a.Value));
    /// <summary>Quotient.</summary>
    public static Dual operator /(Dual a, Dual b) => new(a.Value / b.Value, Combine(a, 1 / b.Value, b, -a.Value / (b.Value * b.Value)));

    /// <summary>Exponential function eᵃ, with its gradient.</summary>
    public static Dual Exp(Dual a)
    {
        double e = Math.Exp(a.Value);
        return new Dual(e, Combine(a, e, default, 0));
    }

    /// <summary>Natural logarithm of a positive number, with its gradient.</summary>
    public static Dual Log(Dual a) => new(Math.Log(a.Value), Combine(a, 1 / a.Value, default, 0));

    /// <summary>aᵇ for positive a (any a where b is a constant integer).</summary>
    public static Dual Pow(Dual a, Dual b)
    {
        double v = Math.Pow(a.Value, b.Value);
        return new Dual(v, Combine(a, b.Value * Math.Pow(a.Value, b.Value - 1), b, b._gradient is null ? 0 : v * Math.Log(a.Value)));
    }

    /// <summary>Square root of a number, with its gradient.</summary>
    public static Dual Sqrt(Dual a)
    {
        double s = Math.Sqrt(a.Value);
        return new Dual(s, Combine(a, 0.5 / s, default, 0));
    }

    /// <summary>Hyperbolic tangent of a number, with its gradient.</summary>
    public static Dual Tanh(Dual a)
    {
        double t = Math.Tanh(a.Value);
        return new Dual(t, Combine(a, 1 - t * t, default, 0));
    }

    private static double[]? Combine(Dual a, double wa, Dual b, double wb)
    {
        if (a._gradient is null && b._gradient is null) return null;
        var g = new double[(a._gradient ?? b._gradient)!.Length];
        if (a._gradient is { } ga) for (int i = 0; i < g.Length; i++) g[i] += wa * ga[i];
        if (b._gradient is { } gb) for (int i = 0; i < g.Length; i++) g[i] += wb * gb[i];
        return g;
    }
}
