using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace AutoPeft.Scaling.Numerics;

/// <summary>What the fits ask of MathNet.Numerics beyond its own calls.</summary>
internal static class Matrices
{
    /// <summary>
    /// Inverse of a symmetric positive semidefinite matrix by its eigenvectors, scaled to a unit diagonal first; directions below
    /// <paramref name="relative"/> of the largest eigenvalue count as null.
    /// </summary>
    public static Matrix<double> PseudoInverse(Matrix<double> symmetric, double relative = 1e-13)
    {
        var scale = DiagonalMatrix.OfDiagonal(symmetric.RowCount, symmetric.RowCount,
            symmetric.Diagonal().Select(d => d > 0 ? 1 / Math.Sqrt(d) : 0));
        var e = (scale * symmetric * scale).Evd(Symmetricity.Symmetric);
        double largest = e.EigenValues.Max(v => Math.Abs(v.Real));
        var inverse = DiagonalMatrix.OfDiagonal(symmetric.RowCount, symmetric.RowCount,
            e.EigenValues.Select(v => v.Real > relative * largest ? 1 / v.Real : 0));
        return scale * e.EigenVectors * inverse * e.EigenVectors.Transpose() * scale;
    }

    /// <summary>
    /// Singular values and right singular vectors of a tall matrix, through the triangle of its QR: memory stays linear in the rows.
    /// </summary>
    public static Svd<double> TallSvd(Matrix<double> m) => m.RowCount > m.ColumnCount ? m.QR(QRMethod.Thin).R.Svd() : m.Svd();

    /// <summary>Ratio of largest to smallest singular value; infinite for a rank-deficient matrix.</summary>
    public static double ConditionNumber(Matrix<double> m)
    {
        var s = TallSvd(m).S;
        return s[^1] > s[0] * 1e-15 ? s[0] / s[^1] : double.PositiveInfinity;
    }
}
