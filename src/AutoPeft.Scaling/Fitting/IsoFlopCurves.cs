using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Fitting;

/// <summary>
/// Curves of ln loss in ln N of all budgets together: each budget has its own level and slope, curvature is a line in ln C, and the
/// cubic term, which makes profiles steeper towards small models, is one number for all. Noise is pooled over the budgets.
/// </summary>
internal static class IsoFlopCurves
{
    /// <summary>More rows than three a budget and so many have a cubic: it and the other shared terms need some to spare.</summary>
    private const int CubicSpareRows = 6;

    /// <summary>A budget whose ln C varies by more than this is a window of compute; less is rounding.</summary>
    private const double WindowWidth = 1e-3;

    /// <summary>The upper quantile of a 95 % interval.</summary>
    private const double UpperQuantile = 0.975;

    /// <summary>The profiles, and the covariance of ln N at their minima: shared terms move all minima together.</summary>
    public static (IReadOnlyList<IsoFlopProfile> Profiles, Matrix<double> Covariance) Fit(LossPoints points, double[] c,
        List<List<int>> groups)
    {
        var design = new Design(points, c, groups);
        DenseMatrix x = design.Matrix();
        double[] y = [.. design.Rows.Select(r => Math.Log(points.Loss[r.Row]))];
        var inverse = Matrices.PseudoInverse(x.TransposeThisAndMultiply(x));
        var beta = inverse * (x.TransposeThisAndMultiply(DenseVector.OfArray(y)));
        double[] residual = [.. (DenseVector.OfArray(y) - x * beta)];
        int freedom = Math.Max(1, y.Length - design.Columns);
        double sigma = Math.Sqrt(residual.Sum(v => v * v) / freedom), t = StudentT.InvCDF(0, 1, freedom, UpperQuantile);
        var gradients = DenseMatrix.Create(groups.Count, design.Columns, 0);
        IReadOnlyList<IsoFlopProfile> profiles = [.. groups.Select((members, k) =>
        {
            Cubic curve = design.CurveOf(beta, k);
            double low = members.Min(i => design.U(i, k)), high = members.Max(i => design.U(i, k));
            double? u = Minimum(curve.C1, curve.C2, curve.C3, low, high);
            double at = u ?? 0;
            var gradient = design.MinimumGradient(curve, at, k);
            gradients.SetRow(k, gradient);
            double sd = sigma * Math.Sqrt(Math.Max(gradient * (inverse * gradient), 0)) * design.Spread;
            double n = Math.Exp(at * design.Spread + design.Centre[k]);
            double perToken = Math.Exp(members.Average(i => c[i] - Math.Log(points.N[i] * points.D[i])));
            double compute = Math.Exp(design.Budget[k]);
            return new IsoFlopProfile(compute, [.. members.Select(i => points.N[i])], [.. members.Select(i => points.Loss[i])],
                curve.InLogN(design.Spread), design.Centre[k], u is null ? null : n, Math.Exp(curve.At(at)),
                new Interval(n * Math.Exp(-t * sd), n * Math.Exp(t * sd)), TokensAt(points, members, n, compute, perToken), sd);
        })];
        return (profiles, gradients * inverse * gradients.Transpose() * Math.Pow(sigma * design.Spread, 2));
    }

    /// <summary>One budget's cubic of ln loss, c₀ + c₁u + c₂u² + c₃u³, in the standardised size u.</summary>
    private readonly record struct Cubic(double C0, double C1, double C2, double C3)
    {
        public double At(double u) => C0 + u * (C1 + u * (C2 + u * C3));

        /// <summary>Coefficients in ln N less its centre.</summary>
        public double[] InLogN(double spread) => [C0, C1 / spread, C2 / (spread * spread), C3 / (spread * spread * spread)];
    }

    /// <summary>
    /// The linear model: level and slope of each budget, then the shared terms, curvature, its trend over budgets, the cubic, and the fall
    /// of loss with compute inside a window, as many as there are rows for. Sizes are standardised, u = (ln N − centre of the budget) /
    /// spread.
    /// </summary>
    private sealed class Design
    {
        private readonly LossPoints _points;
        private readonly double[] _compute;
        private readonly double _meanBudget;
        private readonly int _shared;

        /// <summary>Whether there are budgets enough for curvature to have a trend, and rows enough for a cubic.</summary>
        private readonly bool _manyBudgets, _manyRows;

        /// <summary>Whether trend and cubic are in the model.</summary>
        private readonly bool _trend, _cubic;

        /// <param name="points">The runs.</param>
        /// <param name="c">ln C of each run.</param>
        /// <param name="groups">The runs of each budget.</param>
        public Design(LossPoints points, double[] c, List<List<int>> groups)
        {
            (_points, _compute) = (points, c);
            int g = groups.Count;
            Centre = [.. groups.Select(m => m.Average(i => Math.Log(points.N[i])))];
            Budget = [.. groups.Select(m => m.Average(i => c[i]))];
            _meanBudget = Budget.Average();
            Rows = [.. groups.SelectMany((m, k) => m.Select(i => (Row: i, Group: k)))];
            Spread = Math.Sqrt(Rows.Average(r => Math.Pow(Math.Log(points.N[r.Row]) - Centre[r.Group], 2)));
            (_manyBudgets, _manyRows) = (g > 2, Rows.Count > 3 * g + CubicSpareRows);
            bool varies = groups.Any(m => m.Max(i => c[i]) - m.Min(i => c[i]) > WindowWidth);
            _shared = 1 + (_manyBudgets ? 1 : 0) + (_manyRows ? 1 : 0) + (varies ? 1 : 0);
            if (Rows.Count <= 2 * g + _shared) _shared = 1;
            Columns = 2 * g + _shared;
            (_trend, _cubic) = (_manyBudgets && _shared >= 2, _shared >= (_manyBudgets ? 3 : 2) && _manyRows);
        }

        /// <summary>Mean ln N of each budget.</summary>
        public double[] Centre { get; }

        /// <summary>Mean ln C of each budget.</summary>
        public double[] Budget { get; }

        /// <summary>Root mean square of ln N about the centres.</summary>
        public double Spread { get; }

        /// <summary>The runs, budget by budget.</summary>
        public IReadOnlyList<(int Row, int Group)> Rows { get; }

        /// <summary>Number of coefficients.</summary>
        public int Columns { get; }

        // Where the shared terms begin.
        private int SharedAt => 2 * Centre.Length;

        private int CubicAt => SharedAt + (_trend ? 2 : 1);

        /// <summary>The standardised size of run i in budget k.</summary>
        public double U(int i, int k) => (Math.Log(_points.N[i]) - Centre[k]) / Spread;

        public DenseMatrix Matrix()
        {
            var x = DenseMatrix.Create(Rows.Count, Columns, 0);
            for (int r = 0; r < Rows.Count; r++)
            {
                var (i, k) = Rows[r];
                double u = U(i, k);
                x[r, 2 * k] = 1;
                x[r, 2 * k + 1] = u;
                double[] terms = [u * u, .. _manyBudgets ? [u * u * (Budget[k] - _meanBudget)] : Array.Empty<double>(),
                    .. _manyRows ? [u * u * u] : Array.Empty<double>(), _compute[i] - Budget[k]];
                for (int q = 0; q < _shared; q++) x[r, SharedAt + q] = terms[q];
            }
            return x;
        }

        /// <summary>The curve of budget k.</summary>
        public Cubic CurveOf(Vector<double> beta, int k) =>
            new(beta[2 * k], beta[2 * k + 1], beta[SharedAt] + (_trend ? beta[SharedAt + 1] * (Budget[k] - _meanBudget) : 0),
                _cubic ? beta[CubicAt] : 0);

        /// <summary>∂u*/∂coefficients of budget k's minimum, −∂(slope at u*)/curvature.</summary>
        public DenseVector MinimumGradient(Cubic curve, double at, int k)
        {
            double curvature = 2 * curve.C2 + 6 * curve.C3 * at;
            var gradient = DenseVector.Create(Columns, 0);
            gradient[2 * k + 1] = -1 / curvature;
            gradient[SharedAt] = -2 * at / curvature;
            if (_trend) gradient[SharedAt + 1] = -2 * at * (Budget[k] - _meanBudget) / curvature;
            if (_cubic) gradient[CubicAt] = -3 * at * at / curvature;
            return gradient;
        }
    }

    // The local minimum inside the runs; null where there is none.
    private static double? Minimum(double c1, double c2, double c3, double low, double high)
    {
        double u;
        if (Math.Abs(c3) < 1e-12) u = -c1 / (2 * c2);
        else
        {
            double d = c2 * c2 - 3 * c1 * c3;
            if (d < 0) return null;
            u = (-c2 + Math.Sqrt(d)) / (3 * c3);
        }
        return 2 * c2 + 6 * c3 * u > 0 && u >= low && u <= high ? u : null;
    }

    // D at the minimum from the runs themselves: ln D as a line in ln N inside the budget (its slope is not −1 where true FLOP is not
    // 6ND).
    private static double TokensAt(LossPoints points, List<int> members, double n, double compute, double perToken)
    {
        var fit = LeastSquares.Fit([[.. members.Select(i => Math.Log(points.N[i]))]], [.. members.Select(i => Math.Log(points.D[i]))]);
        return fit.IsSingular ? compute / perToken / n : Math.Exp(fit.Predict([Math.Log(n)]));
    }
}
