using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AutoPeft.Numerics;

/// <summary>
/// Cholesky factors, triangular inverses and products on row-major matrices in flat arrays, four doubles at a time. A matrix of order n has
/// rows of <see cref="Stride"/>(n) doubles; columns beyond n are zero. One fixed order of operations with fused multiply-adds: the same
/// bits on every machine and any number of threads.
/// </summary>
internal static class DenseFactor
{
    /// <summary>Row length for order <paramref name="n"/>: n rounded up to a multiple of four.</summary>
    public static int Stride(int n) => (n + 3) & ~3;

    /// <summary>
    /// A = UᵀU in place: on entry the upper triangle of <paramref name="a"/> (n × stride), on return U. What lies below the diagonal is
    /// not meaningful.
    /// </summary>
    /// <returns>False where A is not numerically positive definite.</returns>
    public static bool Cholesky(double[] a, int n)
    {
        int ld = Stride(n);
        ref double p = ref MemoryMarshal.GetArrayDataReference(a);
        for (int k = 0; k < n; k += 4)
        {
            int block = Math.Min(4, n - k);
            for (int q = k; q < k + block; q++)
            {
                for (int r = k; r < q; r++) Subtract1(ref p, q * ld, r * ld, a[r * ld + q], q & ~3, ld);
                double d = a[q * ld + q];
                if (!(d > 1e-14) || !double.IsFinite(d)) return false;
                double scale = 1 / Math.Sqrt(d);
                var s = Vector256.Create(scale);
                for (int j = q & ~3; j < ld; j += 4)
                    (Vector256.LoadUnsafe(ref p, (nuint)(q * ld + j)) * s).StoreUnsafe(ref p, (nuint)(q * ld + j));
            }
            if (block < 4) break;
            for (int i = k + 4; i < n; i++)
                Subtract4(ref p, i * ld, ref p, k * ld, ld, a[k * ld + i], a[(k + 1) * ld + i], a[(k + 2) * ld + i], a[(k + 3) * ld + i],
                    i & ~3, ld);
        }
        return true;
    }

    /// <summary>M = U⁻ᵀ = L⁻¹, lower triangular with zeros above the diagonal, into <paramref name="m"/> (n × stride).</summary>
    public static void InvertTransposed(double[] u, double[] m, int n)
    {
        int ld = Stride(n);
        Array.Clear(m, 0, n * ld);
        ref double p = ref MemoryMarshal.GetArrayDataReference(m);
        for (int i = 0; i < n; i++)
        {
            m[i * ld + i] = 1;
            int j = 0;
            for (; j + 4 <= i; j += 4)
                Subtract4(ref p, i * ld, ref p, j * ld, ld, u[j * ld + i], u[(j + 1) * ld + i], u[(j + 2) * ld + i], u[(j + 3) * ld + i], 0,
                    j + 4);
            for (; j < i; j++) Subtract1(ref p, i * ld, j * ld, u[j * ld + i], 0, (j + 4) & ~3);
            var scale = Vector256.Create(1 / u[i * ld + i]);
            for (int c = 0; c <= i; c += 4)
                (Vector256.LoadUnsafe(ref p, (nuint)(i * ld + c)) * scale).StoreUnsafe(ref p, (nuint)(i * ld + c));
        }
    }

    /// <summary>The upper triangle of A⁻¹ = MᵀM into <paramref name="inverse"/>; below the diagonal not meaningful.</summary>
    public static void InverseFrom(double[] m, double[] inverse, int n)
    {
        int ld = Stride(n);
        Array.Clear(inverse, 0, n * ld);
        ref double source = ref MemoryMarshal.GetArrayDataReference(m);
        ref double target = ref MemoryMarshal.GetArrayDataReference(inverse);
        for (int a = 0; a < n; a++)
        {
            int start = a & ~3, i = a;
            for (; i + 4 <= n; i += 4)
                Subtract4(ref target, a * ld, ref source, i * ld, ld, -m[i * ld + a], -m[(i + 1) * ld + a], -m[(i + 2) * ld + a],
                    -m[(i + 3) * ld + a], start, (i + 4 + 3) & ~3);
            for (; i < n; i++)
            {
                var c = Vector256.Create(m[i * ld + a]);
                for (int j = start; j <= i; j += 4)
                    Vector256.FusedMultiplyAdd(c, Vector256.LoadUnsafe(ref source, (nuint)(i * ld + j)),
                        Vector256.LoadUnsafe(ref target, (nuint)(a * ld + j))).StoreUnsafe(ref target, (nuint)(a * ld + j));
            }
        }
    }

    /// <summary>v = M·k for lower triangular M. All of length n, padded with zeros to the stride.</summary>
    public static void LowerTimes(double[] m, double[] k, double[] v, int n)
    {
        int ld = Stride(n);
        ref double pm = ref MemoryMarshal.GetArrayDataReference(m);
        ref double pk = ref MemoryMarshal.GetArrayDataReference(k);
        int i = 0;
        for (; i + 4 <= n; i += 4)
        {
            Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
            for (int j = 0; j < i + 4; j += 4)
            {
                Vector256<double> x = Vector256.LoadUnsafe(ref pk, (nuint)j);
                s0 = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref pm, (nuint)(i * ld + j)), x, s0);
                s1 = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref pm, (nuint)((i + 1) * ld + j)), x, s1);
                s2 = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref pm, (nuint)((i + 2) * ld + j)), x, s2);
                s3 = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref pm, (nuint)((i + 3) * ld + j)), x, s3);
            }
            (v[i], v[i + 1], v[i + 2], v[i + 3]) = (Vector256.Sum(s0), Vector256.Sum(s1), Vector256.Sum(s2), Vector256.Sum(s3));
        }
        for (; i < n; i++)
        {
            Vector256<double> s = default;
            for (int j = 0; j <= i; j += 4)
                s = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref pm, (nuint)(i * ld + j)), Vector256.LoadUnsafe(ref pk, (nuint)j),
                    s);
            v[i] = Vector256.Sum(s);
        }
    }

    /// <summary>u = Mᵀ·v for lower triangular M.</summary>
    public static void LowerTransposedTimes(double[] m, double[] v, double[] u, int n)
    {
        int ld = Stride(n);
        Array.Clear(u, 0, ld);
        ref double pm = ref MemoryMarshal.GetArrayDataReference(m);
        ref double pu = ref MemoryMarshal.GetArrayDataReference(u);
        int i = 0;
        for (; i + 4 <= n; i += 4) Subtract4(ref pu, 0, ref pm, i * ld, ld, -v[i], -v[i + 1], -v[i + 2], -v[i + 3], 0, i + 4);
        for (; i < n; i++)
        {
            var c = Vector256.Create(v[i]);
            for (int j = 0; j <= i; j += 4)
                Vector256.FusedMultiplyAdd(c, Vector256.LoadUnsafe(ref pm, (nuint)(i * ld + j)), Vector256.LoadUnsafe(ref pu, (nuint)j))
                    .StoreUnsafe(ref pu, (nuint)j);
        }
    }

    /// <summary>The dot product of the first <paramref name="n"/> entries; both arrays are zero from there to the stride.</summary>
    public static double Dot(double[] a, double[] b, int n)
    {
        ref double pa = ref MemoryMarshal.GetArrayDataReference(a);
        ref double pb = ref MemoryMarshal.GetArrayDataReference(b);
        Vector256<double> s = default;
        for (int j = 0; j < n; j += 4)
            s = Vector256.FusedMultiplyAdd(Vector256.LoadUnsafe(ref pa, (nuint)j), Vector256.LoadUnsafe(ref pb, (nuint)j), s);
        return Vector256.Sum(s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract1(ref double p, int target, int row, double c, int from, int to)
    {
        var v = Vector256.Create(-c);
        for (int j = from; j < to; j += 4)
            Vector256.FusedMultiplyAdd(v, Vector256.LoadUnsafe(ref p, (nuint)(row + j)), Vector256.LoadUnsafe(ref p, (nuint)(target + j)))
                .StoreUnsafe(ref p, (nuint)(target + j));
    }

    /// <summary>target −= c0·row0 + c1·row1 + c2·row2 + c3·row3 for columns [from, to).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract4(ref double t, int target, ref double p, int row, int ld, double c0, double c1, double c2, double c3,
        int from, int to)
    {
        Vector256<double> v0 = Vector256.Create(-c0), v1 = Vector256.Create(-c1), v2 = Vector256.Create(-c2), v3 = Vector256.Create(-c3);
        to = Math.Min(to, ld);
        for (int j = from; j < to; j += 4)
        {
            Vector256<double> y = Vector256.LoadUnsafe(ref t, (nuint)(target + j));
            y = Vector256.FusedMultiplyAdd(v0, Vector256.LoadUnsafe(ref p, (nuint)(row + j)), y);
            y = Vector256.FusedMultiplyAdd(v1, Vector256.LoadUnsafe(ref p, (nuint)(row + ld + j)), y);
            y = Vector256.FusedMultiplyAdd(v2, Vector256.LoadUnsafe(ref p, (nuint)(row + 2 * ld + j)), y);
            y = Vector256.FusedMultiplyAdd(v3, Vector256.LoadUnsafe(ref p, (nuint)(row + 3 * ld + j)), y);
            y.StoreUnsafe(ref t, (nuint)(target + j));
        }
    }
}
