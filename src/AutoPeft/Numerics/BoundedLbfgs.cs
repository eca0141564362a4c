namespace AutoPeft.Numerics;

/// <summary>
/// Limited-memory BFGS within box bounds: directions on the free coordinates, projected backtracking line search (after Byrd, Lu, Nocedal
/// and Zhu 1995 and Kim, Sra and Dhillon 2010). A point where the function is not finite is treated as infinitely bad, so hard constraints
/// can be given as +∞. Deterministic; reusable for one dimension, not thread-safe.
/// </summary>
internal sealed class BoundedLbfgs(int dimension, int memory = 8)
{
    /// <summary>Value at <paramref name="x"/>; the gradient goes to <paramref name="gradient"/>.</summary>
    public delegate double Function(double[] x, double[] gradient);

    /// <summary>Armijo's constant, the usual one (Nocedal and Wright, "Numerical Optimization", ch. 3.1).</summary>
    private const double SufficientDecrease = 1e-4;

    /// <summary>Points that a line search tries; the last is at most 2⁻¹¹ of the first step.</summary>
    private const int MostTries = 12;

    /// <summary>Bounds of a backtracking factor, and the factor where interpolation says nothing.</summary>
    private const double LeastShrink = 0.1, MostShrink = 0.5, BlindShrink = 0.25;

    /// <summary>Least sᵀy, relative to yᵀy, of a pair that is kept: below, rounding decides its sign.</summary>
    private const double LeastCurvature = 1e-10;

    /// <summary>Improvements below the tolerance, one after another, that end a run: one alone may be a short step.</summary>
    private const int SmallImprovements = 2;

    private readonly double[][] _s = Rows(memory, dimension), _y = Rows(memory, dimension);
    private readonly double[] _rho = new double[memory], _a = new double[memory];
    private readonly double[] _gradient = new double[dimension], _next = new double[dimension], _nextGradient = new double[dimension],
        _direction = new double[dimension];
    private readonly bool[] _free = new bool[dimension];

    /// <summary>Calls of the function in the last run.</summary>
    public int Evaluations { get; private set; }

    /// <summary>Minimises from <paramref name="x"/>, in place, and returns the value reached.</summary>
    /// <param name="function">What to minimise.</param>
    /// <param name="x">Start, within the bounds; on return the best point.</param>
    /// <param name="lower">Lower bounds.</param>
    /// <param name="upper">Upper bounds.</param>
    /// <param name="iterations">Most iterations.</param>
    /// <param name="evaluations">Most calls of the function.</param>
    /// <param name="tolerance">Stops where an iteration improves by less than this, relative to max(1, |f|), twice running, or the
    /// projected gradient is below it.</param>
    /// <param name="firstStep">Length of the first step, in the units of x.</param>
    public double Minimize(Function function, double[] x, double[] lower, double[] upper, int iterations, int evaluations, double tolerance,
        double firstStep)
    {
        int count = 0, stored = 0, small = 0;
        double f = function(x, _gradient);
        Evaluations = 1;
        if (!double.IsFinite(f)) return f;
        for (int iteration = 0; iteration < iterations && Evaluations < evaluations; iteration++)
        {
            if (FindFree(x, lower, upper) <= tolerance) break;
            Direction(stored, count);
            if (!(Dot(_direction, _gradient) < 0))
            {
                stored = 0;
                SteepestDescent();
            }
            double step = stored == 0 ? firstStep / Math.Sqrt(Dot(_direction, _direction)) : 1;
            if (!LineSearch(function, x, lower, upper, f, step, evaluations, out double next))
            {
                if (stored == 0) break;
                stored = 0;
                continue;
            }
            if (Remember(x, count % memory))
            {
                count++;
                stored = Math.Min(stored + 1, memory);
            }
            double improved = f - next;
            Array.Copy(_next, x, dimension);
            Array.Copy(_nextGradient, _gradient, dimension);
            f = next;
            small = improved <= tolerance * Math.Max(1, Math.Abs(f)) ? small + 1 : 0;
            if (small == SmallImprovements) break;
        }
        return f;
    }

    /// <summary>Marks the coordinates that no bound holds; returns the largest magnitude of the gradient among them.</summary>
    private double FindFree(double[] x, double[] lower, double[] upper)
    {
        double projected = 0;
        for (int i = 0; i < dimension; i++)
        {
            _free[i] = !(x[i] <= lower[i] && _gradient[i] > 0) && !(x[i] >= upper[i] && _gradient[i] < 0) && lower[i] < upper[i];
            if (_free[i]) projected = Math.Max(projected, Math.Abs(_gradient[i]));
        }
        return projected;
    }

    private void SteepestDescent()
    {
        for (int i = 0; i < dimension; i++) _direction[i] = _free[i] ? -_gradient[i] : 0;
    }

    /// <summary>Backtracks along the projected direction until the decrease suffices; the point goes to _next.</summary>
    private bool LineSearch(Function function, double[] x, double[] lower, double[] upper, double f, double step, int evaluations,
        out double next)
    {
        next = double.NaN;
        for (int tries = 0; tries < MostTries && Evaluations < evaluations; tries++)
        {
            double decrease = 0;
            bool moved = false;
            for (int i = 0; i < dimension; i++)
            {
                _next[i] = Math.Clamp(x[i] + step * _direction[i], lower[i], upper[i]);
                decrease += _gradient[i] * (_next[i] - x[i]);
                moved |= _next[i] != x[i];
            }
            if (!moved) return false;
            next = function(_next, _nextGradient);
            Evaluations++;
            if (next <= f + SufficientDecrease * decrease) return true;
            // Quadratic interpolation, kept between a tenth and a half.
            double quadratic = double.IsFinite(next) ? -0.5 * decrease / (next - f - decrease) : LeastShrink;
            step *= double.IsFinite(quadratic) ? Math.Clamp(quadratic, LeastShrink, MostShrink) : BlindShrink;
        }
        return false;
    }

    /// <summary>Writes the pair of the step to _next into a slot; false where its curvature is not positive enough to count.</summary>
    private bool Remember(double[] x, int slot)
    {
        double sy = 0, yy = 0;
        for (int i = 0; i < dimension; i++)
        {
            _s[slot][i] = _next[i] - x[i];
            _y[slot][i] = _nextGradient[i] - _gradient[i];
            sy += _s[slot][i] * _y[slot][i];
            yy += _y[slot][i] * _y[slot][i];
        }
        if (!(sy > LeastCurvature * yy && sy > 0)) return false;
        _rho[slot] = 1 / sy;
        return true;
    }

    /// <summary>The two-loop recursion on the free coordinates.</summary>
    private void Direction(int stored, int count)
    {
        SteepestDescent();
        if (stored == 0) return;
        for (int k = 1; k <= stored; k++)
        {
            int slot = (count - k) % memory;
            _a[slot] = _rho[slot] * Dot(_s[slot], _direction);
            for (int i = 0; i < dimension; i++) _direction[i] -= _a[slot] * _y[slot][i];
        }
        int last = (count - 1) % memory;
        double gamma = 1 / (_rho[last] * Dot(_y[last], _y[last]));
        for (int i = 0; i < dimension; i++) _direction[i] *= gamma;
        for (int k = stored; k >= 1; k--)
        {
            int slot = (count - k) % memory;
            double b = _rho[slot] * Dot(_y[slot], _direction);
            for (int i = 0; i < dimension; i++) _direction[i] += (_a[slot] - b) * _s[slot][i];
        }
        for (int i = 0; i < dimension; i++)
            if (!_free[i]) _direction[i] = 0;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static double[][] Rows(int count, int length)
    {
        var rows = new double[count][];
        for (int i = 0; i < count; i++) rows[i] = new double[length];
        return rows;
    }
}
