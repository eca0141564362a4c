namespace AutoPeft.Scaling.Numerics;

/// <summary>
/// Cholesky at the size of a law (2 to 10 parameters) on the stack: descents solve such systems a million times, and MathNet.Numerics
/// would allocate for each.
/// </summary>
internal static class SmallMatrix
{
    /// <summary>
    /// Solves A·x = b for a symmetric positive definite A (n × n, row-major) in place: A becomes its Cholesky factor, b becomes x.
    /// </summary>
    /// <returns>False where A is not positive definite; the contents are then undefined.</returns>
    public static bool TrySolveCholesky(Span<double> a, Span<double> b)
    {
        int n = b.Length;
        for (int j = 0; j < n; j++)
        {
            double d = a[j * n + j];
            for (int k = 0; k < j; k++) d -= a[j * n + k] * a[j * n + k];
            if (!(d > 0)) return false;
            d = Math.Sqrt(d);
            a[j * n + j] = d;
            for (int i = j + 1; i < n; i++)
            {
                double s = a[i * n + j];
                for (int k = 0; k < j; k++) s -= a[i * n + k] * a[j * n + k];
                a[i * n + j] = s / d;
            }
        }
        for (int i = 0; i < n; i++)
        {
            double s = b[i];
            for (int k = 0; k < i; k++) s -= a[i * n + k] * b[k];
            b[i] = s / a[i * n + i];
        }
        for (int i = n - 1; i >= 0; i--)
        {
            double s = b[i];
            for (int k = i + 1; k < n; k++) s -= a[k * n + i] * b[k];
            b[i] = s / a[i * n + i];
        }
        return true;
    }
}
