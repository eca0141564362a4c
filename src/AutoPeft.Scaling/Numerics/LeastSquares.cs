using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace AutoPeft.Scaling.Numerics;

/// <summary>
/// Ordinary least squares y = c₀ + Σ cⱼ·xⱼ, solved by QR on centred columns, with the diagnostics that say whether the
/// coefficients mean anything.
/// </summary>
public sealed class LeastSquares
{
    private LeastSquares(double[] coefficients, double r2, double sigma, double[,] covariance, double[] vif, double condition,
        bool singular, double[] residuals) =>
        (Coefficients, R2, ResidualSd, Covariance, VarianceInflation, ConditionNumber, IsSingular, Residuals) =
        (coefficients, r2, sigma, covariance, vif, condition, singular, residuals);

    /// <summary>
    /// Intercept, then one coefficient per regressor. In a singular design: the minimum-norm solution on standardised regressors.
    /// </summary>
    public double[] Coefficients { get; }
    /// <summary>Coefficient of determination; 1 where y does not vary and is met exactly.</summary>
    public double R2 { get; }
    /// <summary>Residual standard deviation, n − p degrees of freedom; NaN where there are none.</summary>
    public double ResidualSd { get; }
    /// <summary>Covariance of the coefficients under independent errors.</summary>
    public double[,] Covariance { get; }
    /// <summary>Variance inflation factor of each regressor: 1/(1 − R²) of that regressor on the others.</summary>
    public double[] VarianceInflation { get; }
    /// <summary>Condition number of the standardised regressors: 1 for an orthogonal design.</summary>
    public double ConditionNumber { get; }
    /// <summary>
    /// Whether the regressors are linearly dependent to working precision, so that only some combinations are identified.
    /// </summary>
    public bool IsSingular { get; }
    /// <summary>Residual of each row: y minus the fitted value.</summary>
    public double[] Residuals { get; }

    /// <summary>The value at a row of regressors.</summary>
    public double Predict(ReadOnlySpan<double> x)
    {
        double s = Coefficients[0];
        for (int j = 0; j < x.Length; j++) s += Coefficients[j + 1] * x[j];
        return s;
    }

    /// <summary>Fits y = c₀ + Σ cⱼ·xⱼ by ordinary least squares.</summary>
    /// <param name="x">Regressors, one array of length n each (no intercept column).</param>
    /// <param name="y">Response, length n.</param>
    public static LeastSquares Fit(IReadOnlyList<double[]> x, double[] y)
    {
        int n = y.Length, p = x.Count;
        if (n < p + 1) throw new ArgumentException($"{n} points cannot determine {p + 1} coefficients.");
        Regressors regressors = Regressors.Of(x, n);
        double mean = y.Average();
        Solution solution = p > 0 ? Solve(regressors, y, mean) : new Solution([], new double[0, 0], 1, false);
        double[] slopes = solution.Slopes;
        double[] coefficients = [mean - Enumerable.Range(0, p).Sum(j => slopes[j] * regressors.Means[j]), .. slopes];
        double[] r = ResidualsOf(regressors, y, mean, slopes);
        double rss = r.Sum(v => v * v), tss = y.Sum(v => (v - mean) * (v - mean));
        double variance = n > p + 1 ? rss / (n - p - 1) : double.NaN;
        double[] scales = regressors.Scales;
        double[] vif = [.. Enumerable.Range(0, p).Select(j => scales[j] > 0 && !solution.IsSingular
            ? n * scales[j] * scales[j] * solution.Inverse[j, j]
            : double.PositiveInfinity)];
        return new LeastSquares(coefficients, tss > 0 ? 1 - rss / tss : 1, Math.Sqrt(variance),
            CovarianceOf(regressors, solution.Inverse, variance, n), vif, solution.Condition, solution.IsSingular, r);
    }

    /// <summary>
    /// Condition number from which a design counts as singular. Columns typed with few digits make D = 20·N only nearly exact; 1e-6 still
    /// separates any real design.
    /// </summary>
    private const double SingularCondition = 1e6;

    /// <summary>Singular values below this share of the largest are left out: the minimum-norm solution.</summary>
    private const double SingularShare = 1e-6;

    /// <summary>A column that varies by less than this, relative to max(1, its mean), does not vary.</summary>
    private const double LeastSpread = 1e-12;

    /// <summary>Columns with what standardises them.</summary>
    /// <param name="Columns">One array of length n each.</param>
    /// <param name="Means">Mean of each.</param>
    /// <param name="Scales">Standard deviation of each; 0 for a column that does not vary.</param>
    private readonly record struct Regressors(IReadOnlyList<double[]> Columns, double[] Means, double[] Scales)
    {
        public int Count => Columns.Count;

        public static Regressors Of(IReadOnlyList<double[]> x, int n)
        {
            double[] means = [.. x.Select(c => c.Average())];
            double[] scales = [.. x.Select((c, j) => Math.Sqrt(c.Sum(v => (v - means[j]) * (v - means[j])) / n))];
            for (int j = 0; j < x.Count; j++)
                if (!(scales[j] > LeastSpread * Math.Max(1, Math.Abs(means[j])))) scales[j] = 0;
            return new Regressors(x, means, scales);
        }

        /// <summary>The standardised value, 0 in a column that does not vary.</summary>
        public double Standardised(int row, int column) =>
            Scales[column] > 0 ? (Columns[column][row] - Means[column]) / Scales[column] : 0;
    }

    /// <summary>Slopes in the units of the columns, the inverse of the centred XᵀX, and whether they mean anything.</summary>
    private readonly record struct Solution(double[] Slopes, double[,] Inverse, double Condition, bool IsSingular);

    private static Solution Solve(Regressors x, double[] y, double mean)
    {
        int n = y.Length, p = x.Count;
        // The triangle of the QR has the singular values of the design, and memory stays linear in the rows.
        var qr = DenseMatrix.Create(n, p, x.Standardised).QR(QRMethod.Thin);
        var svd = qr.R.Svd();
        var s = svd.S;
        double condition = s[p - 1] > 0 ? s[0] / s[p - 1] : double.PositiveInfinity;
        double floor = s[0] * SingularShare;
        var uty = svd.U.TransposeThisAndMultiply(qr.Q.TransposeThisAndMultiply(DenseVector.Create(n, i => y[i] - mean)));
        double[] slopes = new double[p], scales = x.Scales;
        var inverse = new double[p, p];
        for (int k = 0; k < p; k++)
        {
            if (s[k] <= floor || s[k] == 0) continue;
            for (int j = 0; j < p; j++)
            {
                if (scales[j] > 0) slopes[j] += svd.VT[k, j] * uty[k] / s[k] / scales[j];
                for (int l = 0; l < p; l++)
                    if (scales[j] > 0 && scales[l] > 0)
                        inverse[j, l] += svd.VT[k, j] * svd.VT[k, l] / (s[k] * s[k]) / (scales[j] * scales[l]);
            }
        }
        return new Solution(slopes, inverse, condition, !(condition < SingularCondition));
    }

    private static double[] ResidualsOf(Regressors x, double[] y, double mean, double[] slopes)
    {
        var r = new double[y.Length];
        for (int i = 0; i < r.Length; i++)
        {
            double f = mean;
            for (int j = 0; j < slopes.Length; j++) f += slopes[j] * (x.Columns[j][i] - x.Means[j]);
            r[i] = y[i] - f;
        }
        return r;
    }

    /// <summary>The covariance of intercept and slopes from that of the slopes.</summary>
    private static double[,] CovarianceOf(Regressors x, double[,] inverse, double variance, int n)
    {
        int p = x.Count;
        double[] means = x.Means;
        var covariance = new double[p + 1, p + 1];
        covariance[0, 0] = variance / n;
        for (int j = 0; j < p; j++)
            for (int l = 0; l < p; l++)
            {
                covariance[j + 1, l + 1] = variance * inverse[j, l];
                covariance[0, 0] += means[j] * variance * inverse[j, l] * means[l];
                covariance[0, l + 1] -= means[j] * variance * inverse[j, l];
            }
        for (int j = 0; j < p; j++) covariance[j + 1, 0] = covariance[0, j + 1];
        return covariance;
    }
}
