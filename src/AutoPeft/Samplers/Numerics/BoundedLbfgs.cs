namespace AutoPeft.Samplers.Numerics;

/// <summary>
/// Limited-memory BFGS within box bounds: directions on the free coordinates, projected backtracking line search (after Byrd, Lu, Nocedal
/// and Zhu 1995 and Kim, Sra and Dhillon 2010). A point where the function is not finite is treated as infinitely bad, so hard constraints
/// can be given as +∞. Deterministic; reusable for one dimension, not thread-safe.
/// </summary>
internal sealed class BoundedLbfgs(int dimension, int memory = 8)
{
    /// <summary>Value at <paramref name="x"/>; the gradient goes to <paramref name="gradient"/>.</summary>
    public delegate double Function(double[] x, double[] gradient);

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
            double projected = 0;
            for (int i = 0; i < dimension; i++)
            {
                _free[i] = !(x[i] <= lower[i] && _gradient[i] > 0) && !(x[i] >= upper[i] && _gradient[i] < 0) && lower[i] < upper[i];
                if (_free[i]) projected = Math.Max(projected, Math.Abs(_gradient[i]));
            }
            if (projected <= tolerance) break;
            Direction(stored, count);
            double slope = 0, length = 0;
            for (int i = 0; i < dimension; i++)
            {
                slope += _direction[i] * _gradient[i];
                length += _direction[i] * _direction[i];
            }
            if (!(slope < 0))
            {
                stored = 0;
                length = 0;
                for (int i = 0; i < dimension; i++)
                {
                    _direction[i] = _free[i] ? -_gradient[i] : 0;
                    length += _direction[i] * _direction[i];
                }
            }
            double step = stored == 0 ? firstStep / Math.Sqrt(length) : 1;
            double next = double.NaN;
            bool accepted = false;
            for (int tries = 0; tries < 12 && Evaluations < evaluations; tries++)
            {
                double decrease = 0;
                bool moved = false;
                for (int i = 0; i < dimension; i++)
                {
                    _next[i] = Math.Clamp(x[i] + step * _direction[i], lower[i], upper[i]);
                    decrease += _gradient[i] * (_next[i] - x[i]);
                    moved |= _next[i] != x[i];
                }
                if (!moved) break;
                next = function(_next, _nextGradient);
                Evaluations++;
                if (next <= f + 1e-4 * decrease) { accepted = true; break; }
                // Quadratic interpolation, kept between a tenth and a half.
                double quadratic = double.IsFinite(next) ? -0.5 * decrease / (next - f - decrease) : 0.1;
                step *= double.IsFinite(quadratic) ? Math.Clamp(quadratic, 0.1, 0.5) : 0.25;
            }
            if (!accepted)
            {
                if (stored == 0) break;
                stored = 0;
                continue;
            }
            double sy = 0, yy = 0;
            int slot = count % memory;
            for (int i = 0; i < dimension; i++)
            {
                _s[slot][i] = _next[i] - x[i];
                _y[slot][i] = _nextGradient[i] - _gradient[i];
                sy += _s[slot][i] * _y[slot][i];
                yy += _y[slot][i] * _y[slot][i];
            }
            if (sy > 1e-10 * yy && sy > 0)
            {
                _rho[slot] = 1 / sy;
                count++;
                stored = Math.Min(stored + 1, memory);
            }
            double improved = f - next;
            Array.Copy(_next, x, dimension);
            Array.Copy(_nextGradient, _gradient, dimension);
            f = next;
            small = improved <= tolerance * Math.Max(1, Math.Abs(f)) ? small + 1 : 0;
            if (small == 2) break;
        }
        return f;
    }

    /// <summary>The two-loop recursion on the free coordinates.</summary>
    private void Direction(int stored, int count)
    {
        for (int i = 0; i < dimension; i++) _direction[i] = _free[i] ? -_gradient[i] : 0;
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
