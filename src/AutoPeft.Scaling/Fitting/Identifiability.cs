using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace AutoPeft.Scaling.Fitting;

/// <summary>Whether a design can tell the five parameters of a loss law apart.</summary>
/// <param name="ConditionNumber">Of the Jacobian with respect to (ln A, ln B, ln E, α, β), as it stands.</param>
/// <param name="CentredConditionNumber">The same after centring ln N and ln D: what the design itself is worth.</param>
/// <param name="Correlations">Asymptotic correlations of (ln A, ln B, ln E, α, β).</param>
/// <param name="VarianceInflation">Variance inflation of each of (ln A, ln B, ln E, α, β): its variance over what it would be, were the
/// others known.</param>
/// <param name="Unidentified">Names of parameters that the design leaves undetermined.</param>
/// <param name="Warnings">What the design cannot tell apart, in plain sentences; empty where nothing is suspect.</param>
public sealed record Identifiability(
    double ConditionNumber, double CentredConditionNumber, double[,] Correlations, double[] VarianceInflation,
    IReadOnlyList<string> Unidentified, IReadOnlyList<string> Warnings)
{
    /// <summary>Singular values below this share of the largest (columns scaled to one) leave their direction undetermined.</summary>
    private const double NullDirection = 1e-5;

    internal static Identifiability Of(HuberLossObjective objective, double[] theta, LossPoints points)
    {
        var raw = objective.Jacobian(theta, centred: false);
        var centred = objective.Jacobian(theta, centred: true);
        var j = DenseMatrix.OfArray(raw);
        var gram = j.TransposeThisAndMultiply(j);
        var covariance = Matrices.PseudoInverse(gram);
        var vif = Enumerable.Range(0, 5).Select(i => covariance[i, i] * gram[i, i]).ToArray();

        var scaled = DenseMatrix.OfArray(centred);
        for (int c = 0; c < 5; c++) scaled.SetColumn(c, scaled.Column(c) / Math.Max(scaled.Column(c).L2Norm(), 1e-300));
        var svd = Matrices.TallSvd(scaled);
        var lost = new HashSet<int>();
        for (int k = 0; k < 5; k++)
            if (svd.S[k] < NullDirection * svd.S[0])
                for (int i = 0; i < 5; i++)
                    if (Math.Abs(svd.VT[k, i]) > 0.02) lost.Add(i);
        // α lost drags ln A with it and the reverse: uncentring mixes them.
        if (lost.Contains(3)) lost.Add(0);
        if (lost.Contains(4)) lost.Add(1);

        var warnings = new List<string>();
        var (dn, dd) = (Distinct(points.N), Distinct(points.D));
        double ratioSpread = Enumerable.Range(0, points.Count).Max(i => points.D[i] / points.N[i])
            / Enumerable.Range(0, points.Count).Min(i => points.D[i] / points.N[i]);
        if (ratioSpread < 1.05)
        {
            warnings.Add("D/N is constant: N and D move together, so α and β (and A, B) cannot be told apart; only the loss along this "
                + "line is determined");
            lost.UnionWith([0, 1, 3, 4]);
        }
        if (dn <= 2)
        {
            warnings.Add($"only {dn} sizes of N: A, α and E cannot be told apart");
            lost.UnionWith([0, 2, 3]);
        }
        if (dd <= 2)
        {
            warnings.Add($"only {dd} values of D: B, β and E cannot be told apart");
            lost.UnionWith([1, 2, 4]);
        }
        var names = lost.Order().Select(i => Parameter[i]).ToList();
        if (lost.Count > 0 && warnings.Count == 0) warnings.Add($"the design does not identify {string.Join(", ", names)}");
        double cond = Matrices.ConditionNumber(j), condC = Matrices.ConditionNumber(DenseMatrix.OfArray(centred));
        if (lost.Count == 0 && condC > 300)
            warnings.Add(string.Create(CultureInfo.InvariantCulture,
                $"the design is weak: condition number {condC:G3} even after centring; read the bands, not the coefficients"));
        for (int k = 0; k < 2 && lost.Count == 0; k++)
        {
            var (v, what, sym) = k == 0 ? (points.N, "N", "α") : (points.D, "D", "β");
            if (v.Max() / v.Min() < 4)
                warnings.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{what} spans a factor of {v.Max() / v.Min():G2} only; {sym} is barely determined"));
        }
        return new Identifiability(cond, condC, Correlation(covariance), vif, names, warnings);
    }

    private static double[,] Correlation(Matrix<double> covariance) =>
        DenseMatrix.Create(5, 5, (i, k) => i == k ? 1 : covariance[i, k] / Math.Sqrt(covariance[i, i] * covariance[k, k])).ToArray();

    private static readonly string[] Parameter = ["A", "B", "E", "alpha", "beta"];

    private static int Distinct(double[] v) => Levels.Snap(v).Distinct().Count();
}
