namespace AutoPeft.Peft.Tests.Optimizers;

/// <summary>Matrices of plain numbers: a second way to what optimisers ask of libtorch.</summary>
internal static class SmallMatrices
{
    public static double[,] Product(double[,] a, double[,] b)
    {
        var c = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < c.GetLength(0); i++)
            for (int j = 0; j < c.GetLength(1); j++)
                for (int k = 0; k < a.GetLength(1); k++) c[i, j] += a[i, k] * b[k, j];
        return c;
    }

    public static double[,] Transposed(double[,] a) => Make(a.GetLength(1), a.GetLength(0), (i, j) => a[j, i]);

    public static double[,] Sum(double p, double[,] a, double q, double[,] b) =>
        Make(a.GetLength(0), a.GetLength(1), (i, j) => p * a[i, j] + q * b[i, j]);

    public static double[,] Make(int rows, int columns, Func<int, int, double> at)
    {
        var c = new double[rows, columns];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) c[i, j] = at(i, j);
        return c;
    }

    /// <summary>Eigenvectors of a symmetric matrix as columns, largest eigenvalue first, by Jacobi's rotations.</summary>
    public static double[,] Eigenvectors(double[,] symmetric)
    {
        int n = symmetric.GetLength(0);
        double[,] a = (double[,])symmetric.Clone(), v = Make(n, n, (i, j) => i == j ? 1 : 0);
        for (int sweep = 0; sweep < 60; sweep++)
            for (int p = 0; p < n; p++)
                for (int q = p + 1; q < n; q++)
                {
                    if (a[p, q] == 0) continue;
                    double angle = 0.5 * Math.Atan2(2 * a[p, q], a[q, q] - a[p, p]), c = Math.Cos(angle), s = Math.Sin(angle);
                    double[,] turn = Make(n, n, (i, j) => i == j ? 1 : 0);
                    (turn[p, p], turn[q, q], turn[p, q], turn[q, p]) = (c, c, s, -s);
                    a = Product(Product(Transposed(turn), a), turn);
                    v = Product(v, turn);
                }
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(i => a[i, i])];
        return Make(n, n, (i, j) => v[i, order[j]]);
    }

    /// <summary>Columns made orthonormal from left to right, by Gram and Schmidt.</summary>
    public static double[,] Orthonormal(double[,] a)
    {
        int n = a.GetLength(0);
        var q = (double[,])a.Clone();
        for (int j = 0; j < q.GetLength(1); j++)
        {
            // Twice, since once loses digits.
            for (int pass = 0; pass < 2; pass++)
                for (int k = 0; k < j; k++)
                {
                    double dot = Enumerable.Range(0, n).Sum(i => q[i, j] * q[i, k]);
                    for (int i = 0; i < n; i++) q[i, j] -= dot * q[i, k];
                }
            double norm = Math.Sqrt(Enumerable.Range(0, n).Sum(i => q[i, j] * q[i, j]));
            for (int i = 0; i < n; i++) q[i, j] /= norm;
        }
        return q;
    }
}
