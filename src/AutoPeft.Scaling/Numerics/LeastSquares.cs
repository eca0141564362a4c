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
    /// <summary>y minus the fit.</summary>
    public double[] Residuals { get; }

    /// <summary>The value at a row of regressors.</summary>
    public double Predict(ReadOnlySpan<double> x)
    {
        double s = Coefficients[0];
        for (int j = 0; j < x.Length; j++) s += Coefficients[j + 1] * x[j];
        return s;
    }

    /// <summary>Fits.</summary>
    /// <param name="x">Regressors, one array of length n each (no intercept column).</param>
    /// <param name="y">Response, length n.</param>
    public static LeastSquares Fit(IReadOnlyList<double[]> x, double[] y)
    {
        int n = y.Length, p = x.Count;
        if (n < p + 1) throw new ArgumentException($"{n} points cannot determine {p + 1} coefficients.");
        double ym = y.Average();
        var means = x.Select(c => c.Average()).ToArray();
        var scales = x.Select((c, j) => Math.Sqrt(c.Sum(v => (v - means[j]) * (v - means[j])) / n)).ToArray();
        for (int j = 0; j < p; j++)
            if (!(scales[j] > 1e-12 * Math.Max(1, Math.Abs(means[j])))) scales[j] = 0;
        var z = DenseMatrix.Create(n, Math.Max(p, 1), (i, j) => j < p && scales[j] > 0 ? (x[j][i] - means[j]) / scales[j] : 0);
        var b = new double[p + 1];
        double condition = 1;
        bool singular = false;
        var inverse = new double[p, p];
        if (p > 0)
        {
            // The triangle of the QR has the singular values of the design, and memory stays linear in the rows.
            var qr = z.QR(QRMethod.Thin);
            var svd = qr.R.Svd();
            var s = svd.S;
            condition = s[p - 1] > 0 ? s[0] / s[p - 1] : double.PositiveInfinity;
            // Columns typed with few digits make D = 20·N only nearly exact; 1e-6 still separates any real design.
            singular = !(condition < 1e6);
            double floor = s[0] * 1e-6;
            var uty = svd.U.TransposeThisAndMultiply(qr.Q.TransposeThisAndMultiply(DenseVector.Create(n, i => y[i] - ym)));
            for (int k = 0; k < p; k++)
            {
                if (s[k] <= floor || s[k] == 0) continue;
                for (int j = 0; j < p; j++)
                {
                    if (scales[j] > 0) b[j + 1] += svd.VT[k, j] * uty[k] / s[k] / scales[j];
                    for (int l = 0; l < p; l++)
                        if (scales[j] > 0 && scales[l] > 0)
                            inverse[j, l] += svd.VT[k, j] * svd.VT[k, l] / (s[k] * s[k]) / (scales[j] * scales[l]);
                }
            }
        }
        b[0] = ym - Enumerable.Range(0, p).Sum(j => b[j + 1] * means[j]);
        var r = new double[n];
        for (int i = 0; i < n; i++)
        {
            double f = ym;
            for (int j = 0; j < p; j++) f += b[j + 1] * (x[j][i] - means[j]);
            r[i] = y[i] - f;
        }
        double rss = r.Sum(v => v * v), tss = y.Sum(v => (v - ym) * (v - ym));
        double sigma2 = n > p + 1 ? rss / (n - p - 1) : double.NaN;
        var cov = new double[p + 1, p + 1];
        cov[0, 0] = sigma2 / n;
        for (int j = 0; j < p; j++)
            for (int l = 0; l < p; l++)
            {
                cov[j + 1, l + 1] = sigma2 * inverse[j, l];
                cov[0, 0] += means[j] * sigma2 * inverse[j, l] * means[l];
                cov[0, l + 1] -= means[j] * sigma2 * inverse[j, l];
            }
        for (int j = 0; j < p; j++) cov[j + 1, 0] = cov[0, j + 1];
        var vif = Enumerable.Range(0, p)
            .Select(j => scales[j] > 0 && !singular ? n * scales[j] * scales[j] * inverse[j, j] : double.PositiveInfinity).ToArray();
        return new LeastSquares(b, tss > 0 ? 1 - rss / tss : 1, Math.Sqrt(sigma2), cov, vif, condition, singular, r);
    }
}
