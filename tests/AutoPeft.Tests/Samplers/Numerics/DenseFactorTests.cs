using AutoPeft.Randomness;
using AutoPeft.Samplers.Numerics;

namespace AutoPeft.Tests.Samplers.Numerics;

public sealed class DenseFactorTests
{
    private static double[,] RandomPositive(int n, Philox random)
    {
        var b = new double[n, n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) b[i, j] = random.NextNormal();
        var a = new double[n, n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
            {
                for (int k = 0; k < n; k++) a[i, j] += b[i, k] * b[j, k];
                if (i == j) a[i, j] += 0.5;
            }
        return a;
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(7), InlineData(8), InlineData(13),
        InlineData(33), InlineData(64)]
    public void Factor_inverse_and_products_agree_with_the_definition(int n)
    {
        var random = new Philox(3, (ulong)n);
        double[,] a = RandomPositive(n, random);
        int ld = DenseFactor.Stride(n);
        double[] u = new double[n * ld], m = new double[n * ld], inverse = new double[n * ld];
        for (int i = 0; i < n; i++)
            for (int j = i; j < n; j++) u[i * ld + j] = a[i, j];
        Assert.True(DenseFactor.Cholesky(u, n));
        for (int i = 0; i < n; i++)
            for (int j = i; j < n; j++)
            {
                double sum = 0;
                for (int k = 0; k <= i; k++) sum += u[k * ld + i] * u[k * ld + j];
                Assert.Equal(a[i, j], sum, 1e-9 * n);
            }
        DenseFactor.InvertTransposed(u, m, n);
        DenseFactor.InverseFrom(m, inverse, n);
        double[] x = new double[ld], v = new double[ld], y = new double[ld];
        for (int i = 0; i < n; i++) x[i] = random.NextNormal();
        // A⁻¹x by two triangular products, by the full inverse, and checked by multiplying back.
        DenseFactor.LowerTimes(m, x, v, n);
        DenseFactor.LowerTransposedTimes(m, v, y, n);
        for (int i = 0; i < n; i++)
        {
            double back = 0, full = 0;
            for (int j = 0; j < n; j++)
            {
                back += a[i, j] * y[j];
                full += inverse[Math.Min(i, j) * ld + Math.Max(i, j)] * x[j];
            }
            Assert.Equal(x[i], back, 1e-7);
            Assert.Equal(y[i], full, 1e-8);
        }
        Assert.Equal(v.Sum(t => t * t), DenseFactor.Dot(v, v, n), 1e-9);
    }

    [Fact]
    public void A_matrix_that_is_not_positive_definite_is_refused() => Assert.False(DenseFactor.Cholesky([1, 2, 0, 0, 0, 1, 0, 0], 2));
}
