namespace AutoPeft.Numerics;

/// <summary>The standard normal, with tails that neither underflow nor cancel. Accurate to about 1e-15 relative.</summary>
internal static class NormalDistribution
{
    private const double Sqrt2 = 1.4142135623730951;
    private const double SqrtHalfPi = 1.2533141373155003;
    private const double LogSqrt2Pi = 0.91893853320467274;

    /// <summary>φ(x).</summary>
    public static double Density(double x) => Math.Exp(-0.5 * x * x - LogSqrt2Pi);

    /// <summary>Φ(x).</summary>
    public static double Cdf(double x) => x <= 0 ? 0.5 * ErfcScaled(-x / Sqrt2) * Math.Exp(-0.5 * x * x) : 1 - Cdf(-x);

    /// <summary>log Φ(x), finite for every finite x.</summary>
    public static double LogCdf(double x) => x <= 0 ? Math.Log(0.5 * ErfcScaled(-x / Sqrt2)) - 0.5 * x * x : Log1p(-Cdf(-x));

    /// <summary>φ(x)/Φ(x), the derivative of log Φ.</summary>
    public static double HazardBelow(double x) => x <= 0 ? 1 / (SqrtHalfPi * ErfcScaled(-x / Sqrt2)) : Density(x) / Cdf(x);

    /// <summary>
    /// log h(u) with h(u) = φ(u) + u·Φ(u), the expected improvement in units of σ (Ament et al., "Unexpected improvements to expected
    /// improvement", NeurIPS 2023, eq. 9).
    /// </summary>
    public static double LogH(double u)
    {
        if (u > -1) return Math.Log(Density(u) + u * Cdf(u));
        return -0.5 * u * u - LogSqrt2Pi + Math.Log(HRatio(u));
    }

    /// <summary>log h(u), and Φ(u)/h(u) and φ(u)/h(u), from which derivatives are made.</summary>
    public static double LogH(double u, out double cdfOverH, out double densityOverH)
    {
        if (u > -1)
        {
            double density = Density(u), cdf = Cdf(u), h = density + u * cdf;
            (cdfOverH, densityOverH) = (cdf / h, density / h);
            return Math.Log(h);
        }
        double ratio = HRatio(u);
        densityOverH = 1 / ratio;
        cdfOverH = SqrtHalfPi * ErfcScaled(-u / Sqrt2) / ratio;
        return -0.5 * u * u - LogSqrt2Pi + Math.Log(ratio);
    }

    /// <summary>h(u)/φ(u) for u ≤ −1.</summary>
    private static double HRatio(double u)
    {
        // 1 + u·Φ/φ cancels as 1/u²; beyond 50 its asymptotic series has all digits.
        if (u > -50) return 1 + u * SqrtHalfPi * ErfcScaled(-u / Sqrt2);
        double t = 1 / (u * u);
        return t * (1 - t * (3 - t * (15 - t * 105)));
    }

    /// <summary>Φ⁻¹(p) for 0 &lt; p &lt; 1 (Acklam's rational start, one Halley step).</summary>
    public static double Quantile(double p)
    {
        if (p <= 0) return double.NegativeInfinity;
        if (p >= 1) return double.PositiveInfinity;
        if (p > 0.5) return -Quantile(1 - p);
        double x;
        if (p < 0.02425)
        {
            double q = Math.Sqrt(-2 * Math.Log(p));
            x = (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q - 2.549732539343734e+00) * q
                + 4.374664141464968e+00) * q + 2.938163982698783e+00)
                / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q + 3.754408661907416e+00) * q + 1);
        }
        else
        {
            double q = p - 0.5, r = q * q;
            x = (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r + 1.383577518672690e+02) * r
                - 3.066479806614716e+01) * r + 2.506628277459239e+00) * q
                / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r + 6.680131188771972e+01) * r
                    - 1.328068155288572e+01) * r + 1);
        }
        double e = (Cdf(x) - p) / Density(x);
        return x - e / (1 + 0.5 * x * e);
    }

    /// <summary>
    /// erfcx(x) = exp(x²)·erfc(x) for x ≥ 0 (Cody, "Rational Chebyshev approximations for the error function", 1969).
    /// </summary>
    public static double ErfcScaled(double x)
    {
        if (x <= 0.46875)
        {
            double y = x * x;
            double a = (((1.85777706184603153e-1 * y + 3.16112374387056560e0) * y + 1.13864154151050156e2) * y + 3.77485237685302021e2) * y
                + 3.20937758913846947e3;
            double b = (((y + 2.36012909523441209e1) * y + 2.44024637934444173e2) * y + 1.28261652607737228e3) * y + 2.84423683343917062e3;
            return Math.Exp(y) * (1 - x * a / b);
        }
        if (x <= 4)
        {
            double c = 2.15311535474403846e-8;
            c = c * x + 5.64188496988670089e-1;
            c = c * x + 8.88314979438837594e0;
            c = c * x + 6.61191906371416295e1;
            c = c * x + 2.98635138197400131e2;
            c = c * x + 8.81952221241769090e2;
            c = c * x + 1.71204761263407058e3;
            c = c * x + 2.05107837782607147e3;
            c = c * x + 1.23033935479799725e3;
            double d = x + 1.57449261107098347e1;
            d = d * x + 1.17693950891312499e2;
            d = d * x + 5.37181101862009858e2;
            d = d * x + 1.62138957456669019e3;
            d = d * x + 3.29079923573345963e3;
            d = d * x + 4.36261909014324716e3;
            d = d * x + 3.43936767414372164e3;
            d = d * x + 1.23033935480374942e3;
            return c / d;
        }
        double z = 1 / (x * x);
        double p = ((((1.63153871373020978e-2 * z + 3.05326634961232344e-1) * z + 3.60344899949804439e-1) * z + 1.25781726111229246e-1) * z
            + 1.60837851487422766e-2) * z + 6.58749161529837803e-4;
        double q = ((((z + 2.56852019228982242e0) * z + 1.87295284992346725e0) * z + 5.27905102951428412e-1) * z + 6.05183413124413191e-2)
            * z + 2.33520497626869185e-3;
        return (0.56418958354775628695 - z * p / q) / x;
    }

    /// <summary>log(1 + x) without cancellation for small |x|.</summary>
    public static double Log1p(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : Math.Log(u) * x / (u - 1);
    }
}
