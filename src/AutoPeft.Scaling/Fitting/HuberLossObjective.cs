using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// The objective of Approach 3, f(θ) = Σ wᵢ·ρ(rᵢ), rᵢ = logsumexp(a − α·ln N, b − β·ln D, e) − ln L, with its exact
/// gradient and Hessian and with the Gauss–Newton matrix of its quadratic majoriser. θ = (a, b, e, α, β) with ln N and ln D centred,
/// which lowers the Jacobian's condition number by two orders. ρ is Huber's function divided by its threshold t:
/// r²/2t inside, |r| − t/2 outside, so that t → 0 gives least absolute deviations. Immutable; safe for concurrent use.
/// </summary>
internal sealed class HuberLossObjective
{
    public const int ParameterCount = 5;

    /// <summary>Entries of the upper triangle of a 5 × 5 matrix.</summary>
    private const int Triangle = ParameterCount * (ParameterCount + 1) / 2;

    /// <summary>Exponents are clamped here: e^300 is far beyond any loss, and sums of such terms and their squares stay finite.</summary>
    private const double LargestLog = 300;

    /// <summary>Runs that are evaluated at once.</summary>
    private const int Lanes = 4;

    private readonly double[] _x, _y, _l, _w;

    /// <param name="points">The runs.</param>
    /// <param name="weights">Multiplicity of each run (bootstrap); null for one each.</param>
    public HuberLossObjective(LossPoints points, double[]? weights = null)
    {
        Count = points.Count;
        // Padded with weight 0 to whole vectors, so that the loop has no tail.
        int padded = (Count + Lanes - 1) / Lanes * Lanes;
        (_x, _y, _l, _w) = (new double[padded], new double[padded], new double[padded], new double[padded]);
        for (int i = 0; i < Count; i++)
        {
            (_x[i], _y[i], _l[i]) = (Math.Log(points.N[i]), Math.Log(points.D[i]), Math.Log(points.Loss[i]));
            _w[i] = weights?[i] ?? 1;
        }
        MeanX = _x.Take(Count).Average();
        MeanY = _y.Take(Count).Average();
        for (int i = 0; i < Count; i++) (_x[i], _y[i]) = (_x[i] - MeanX, _y[i] - MeanY);
    }

    private HuberLossObjective(HuberLossObjective other, double[] weights)
    {
        (Count, MeanX, MeanY, _x, _y, _l) = (other.Count, other.MeanX, other.MeanY, other._x, other._y, other._l);
        _w = new double[_x.Length];
        weights.AsSpan(0, Count).CopyTo(_w);
    }

    public int Count { get; }
    public double MeanX { get; }
    public double MeanY { get; }

    /// <summary>The same runs under other multiplicities.</summary>
    public HuberLossObjective Reweighted(double[] weights) => new(this, weights);

    /// <summary>θ of uncentred (a, b, e, α, β).</summary>
    public double[] Centre(ReadOnlySpan<double> raw) => [raw[0] - raw[3] * MeanX, raw[1] - raw[4] * MeanY, raw[2], raw[3], raw[4]];

    /// <summary>Uncentred (a, b, e, α, β) of θ.</summary>
    public double[] Uncentre(ReadOnlySpan<double> theta) =>
        [theta[0] + theta[3] * MeanX, theta[1] + theta[4] * MeanY, theta[2], theta[3], theta[4]];

    /// <summary>f, its gradient (5), Hessian and majoriser (both 5 × 5 row-major, full).</summary>
    public double Evaluate(ReadOnlySpan<double> theta, double t, Span<double> gradient, Span<double> hessian, Span<double> majoriser)
    {
        var va = Vector256.Create(theta[0]);
        var vb = Vector256.Create(theta[1]);
        var p3Sum = Vector256.Create(Math.Exp(Math.Min(theta[2], LargestLog)));
        var clamp = Vector256.Create(LargestLog);
        var valpha = Vector256.Create(theta[3]);
        var vbeta = Vector256.Create(theta[4]);
        var vt = Vector256.Create(t);
        var inverseT = Vector256.Create(1 / t);
        var one = Vector256<double>.One;
        var half = Vector256.Create(0.5);
        var f = Vector256<double>.Zero;
        Span<Vector256<double>> g = stackalloc Vector256<double>[ParameterCount];
        Span<Vector256<double>> h = stackalloc Vector256<double>[Triangle];
        Span<Vector256<double>> m = stackalloc Vector256<double>[Triangle];
        g.Clear();
        h.Clear();
        m.Clear();
        ReadOnlySpan<double> xs = _x, ys = _y, ls = _l, ws = _w;
        Span<Vector256<double>> j = stackalloc Vector256<double>[ParameterCount];
        for (int i = 0; i < xs.Length; i += Lanes)
        {
            var x = Vector256.Create(xs[i..]);
            var y = Vector256.Create(ys[i..]);
            var w = Vector256.Create(ws[i..]);
            // No maximum is taken out: a clamp at e^300 is enough in double precision and saves an exponential.
            var p1 = Vector256.Exp(Vector256.Min(va - valpha * x, clamp));
            var p2 = Vector256.Exp(Vector256.Min(vb - vbeta * y, clamp));
            var sum = p1 + p2 + p3Sum;
            var r = Vector256.Log(sum) - Vector256.Create(ls[i..]);
            var scale = one / sum;
            p1 *= scale;
            p2 *= scale;
            var p3 = p3Sum * scale;
            var abs = Vector256.Abs(r);
            var inside = Vector256.LessThanOrEqual(abs, vt);
            f += w * Vector256.ConditionalSelect(inside, half * r * r * inverseT, abs - half * vt);
            var majorised = w / Vector256.Max(abs, vt);
            var psi = r * majorised;
            j[0] = p1;
            j[1] = p2;
            j[2] = p3;
            j[3] = -x * p1;
            j[4] = -y * p2;
            var curvature = Vector256.ConditionalSelect(inside, w * inverseT, Vector256<double>.Zero) - psi;
            AddProducts(j, psi, curvature, majorised, g, h, m);
            AddSecondDerivatives(x, y, psi * p1, psi * p2, psi * p3, h);
        }
        Unpack(g, h, m, gradient, hessian, majoriser);
        return Vector256.Sum(f);
    }

    // Inlined, so that the vectors of the hottest loop of a fit stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddProducts(ReadOnlySpan<Vector256<double>> j, Vector256<double> psi, Vector256<double> curvature,
        Vector256<double> majorised, Span<Vector256<double>> g, Span<Vector256<double>> h, Span<Vector256<double>> m)
    {
        int k = 0;
        for (int row = 0; row < ParameterCount; row++)
        {
            g[row] += psi * j[row];
            var hr = curvature * j[row];
            var mr = majorised * j[row];
            for (int col = row; col < ParameterCount; col++, k++)
            {
                h[k] += hr * j[col];
                m[k] += mr * j[col];
            }
        }
    }

    // Second derivatives of the log-sum-exp beyond −JJᵀ: Σ qₖ·lₖlₖᵀ, where lₖ is the k-th term's row (1, −x or −y).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSecondDerivatives(Vector256<double> x, Vector256<double> y, Vector256<double> q1, Vector256<double> q2,
        Vector256<double> q3, Span<Vector256<double>> h)
    {
        h[0] += q1;            // (a, a)
        h[3] -= x * q1;        // (a, α)
        h[12] += x * x * q1;   // (α, α)
        h[5] += q2;            // (b, b)
        h[8] -= y * q2;        // (b, β)
        h[14] += y * y * q2;   // (β, β)
        h[9] += q3;            // (e, e)
    }

    private static void Unpack(ReadOnlySpan<Vector256<double>> g, ReadOnlySpan<Vector256<double>> h, ReadOnlySpan<Vector256<double>> m,
        Span<double> gradient, Span<double> hessian, Span<double> majoriser)
    {
        int at = 0;
        for (int row = 0; row < ParameterCount; row++)
        {
            gradient[row] = Vector256.Sum(g[row]);
            for (int col = row; col < ParameterCount; col++, at++)
            {
                hessian[row * ParameterCount + col] = hessian[col * ParameterCount + row] = Vector256.Sum(h[at]);
                majoriser[row * ParameterCount + col] = majoriser[col * ParameterCount + row] = Vector256.Sum(m[at]);
            }
        }
    }

    /// <summary>f alone.</summary>
    public double Value(ReadOnlySpan<double> theta, double t)
    {
        var vt = Vector256.Create(t);
        var half = Vector256.Create(0.5);
        var f = Vector256<double>.Zero;
        for (int i = 0; i < _x.Length; i += Lanes)
        {
            var abs = Vector256.Abs(ResidualAt(theta, i));
            f += Vector256.Create(_w.AsSpan(i))
                * Vector256.ConditionalSelect(Vector256.LessThanOrEqual(abs, vt), half * abs * abs / vt, abs - half * vt);
        }
        return Vector256.Sum(f);
    }

    /// <summary>Σ w·min(|r|, r²/t): what the scale of the likelihood is the mean of.</summary>
    public double ScaleSum(ReadOnlySpan<double> theta, double t)
    {
        var s = Vector256<double>.Zero;
        var inverseT = Vector256.Create(1 / t);
        for (int i = 0; i < _x.Length; i += Lanes)
        {
            var abs = Vector256.Abs(ResidualAt(theta, i));
            s += Vector256.Create(_w.AsSpan(i)) * Vector256.Min(abs, abs * abs * inverseT);
        }
        return Vector256.Sum(s);
    }

    /// <summary>Residuals of log loss (fitted minus seen).</summary>
    public double[] Residuals(ReadOnlySpan<double> theta)
    {
        var r = new double[_x.Length];
        for (int i = 0; i < r.Length; i += Lanes) ResidualAt(theta, i).CopyTo(r, i);
        return r[..Count];
    }

    private Vector256<double> ResidualAt(ReadOnlySpan<double> theta, int i)
    {
        var clamp = Vector256.Create(LargestLog);
        var z1 = Vector256.Create(theta[0]) - Vector256.Create(theta[3]) * Vector256.Create(_x.AsSpan(i));
        var z2 = Vector256.Create(theta[1]) - Vector256.Create(theta[4]) * Vector256.Create(_y.AsSpan(i));
        var e = Vector256.Create(Math.Exp(Math.Min(theta[2], LargestLog)));
        return Vector256.Log(Vector256.Exp(Vector256.Min(z1, clamp)) + Vector256.Exp(Vector256.Min(z2, clamp)) + e)
            - Vector256.Create(_l.AsSpan(i));
    }

    /// <summary>Jacobian of the residuals with respect to the uncentred or the centred vector, n × 5.</summary>
    public double[,] Jacobian(ReadOnlySpan<double> theta, bool centred)
    {
        var j = new double[Count, ParameterCount];
        for (int i = 0; i < Count; i++)
        {
            double z1 = theta[0] - theta[3] * _x[i], z2 = theta[1] - theta[4] * _y[i], z3 = theta[2];
            double top = Math.Max(Math.Max(z1, z2), z3);
            double p1 = Math.Exp(z1 - top), p2 = Math.Exp(z2 - top), p3 = Math.Exp(z3 - top), s = p1 + p2 + p3;
            (p1, p2, p3) = (p1 / s, p2 / s, p3 / s);
            double w = Math.Sqrt(_w[i]);
            j[i, 0] = w * p1;
            j[i, 1] = w * p2;
            j[i, 2] = w * p3;
            j[i, 3] = -w * (_x[i] + (centred ? 0 : MeanX)) * p1;
            j[i, 4] = -w * (_y[i] + (centred ? 0 : MeanY)) * p2;
        }
        return j;
    }
}
