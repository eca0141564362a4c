namespace AutoPeft.GaussianProcess;

/// <summary>
/// Beliefs about a Gaussian process's hyperparameters before there is data; what makes fits with fewer trials than parameters work.
/// </summary>
/// <param name="Sparse">
/// False (default): length scales ~ LogNormal(√2 + ½ ln d, √3), so that functions of more parameters are assumed no rougher (Hvarfner,
/// Hellsten and Nardi, "Vanilla Bayesian optimization performs great in high dimensions", ICML 2024). True: sparse axis-aligned, 1/ℓ² =
/// τ·HalfCauchy(1) with τ ~ HalfCauchy(0.1), so that most parameters are assumed not to matter (SAASBO: Eriksson and Jankowiak, UAI
/// 2021), with τ fixed at its scale: the maximum a posteriori form of the model that AutoPEFT samples.
/// </param>
/// <param name="MainEffects">Whether the kernel has an additive part beside the joint one
/// (<see cref="GaussianProcess.MainEffects"/>).</param>
/// <param name="LengthVariance">Variance of the log length scales of the dense prior; 3 as its authors have it.</param>
/// <param name="SharedScale">
/// Whether log length scales lie about one common scale, which lies about the dense prior's mode: Cauchy distances of
/// <see cref="SharedWidth"/> from it, so that parameters are taken to matter alike until the data speak against it for some, and the scale
/// itself normal with <see cref="ScaleSpread"/>.
/// </param>
internal sealed record HyperparameterPrior(bool Sparse = false, bool MainEffects = false,
    double LengthVariance = HyperparameterPrior.WideLengths, bool SharedScale = false)
{
    /// <summary>Typical distance of a log length scale from the common one.</summary>
    public const double SharedWidth = 0.4;

    /// <summary>Standard deviation of the common log length scale.</summary>
    public const double ScaleSpread = 0.5;

    /// <summary>Variance of log length scales as Hvarfner et al. have it.</summary>
    public const double WideLengths = 3;

    /// <summary>
    /// Mean of the log noise variance: 1e-4 of the targets' variance. Wide, since some studies are deterministic and others mostly noise.
    /// </summary>
    public const double LogNoiseMean = -9;

    /// <summary>Spread of the log noise variance.</summary>
    public const double LogNoiseSpread = 3;

    /// <summary>Spread of the log signal variance around 0, the targets being standardised; of the main effects' too.</summary>
    public const double LogSignalSpread = 1;

    /// <summary>Global shrinkage of the sparse prior.</summary>
    public const double Tau = 0.1;

    /// <summary>Bounds of log length scales: a fortieth of the range, and flat.</summary>
    public static readonly (double Low, double High) LengthBounds = (Math.Log(0.025), Math.Log(1e3));

    /// <summary>Bounds of the log signal variance, and of the main effects'.</summary>
    public static readonly (double Low, double High) SignalBounds = (-5, 7);

    /// <summary>Bounds of the log noise variance. Below 1e-8 of the variance the factorisation loses its digits.</summary>
    public static readonly (double Low, double High) NoiseBounds = (Math.Log(1e-8), Math.Log(4));

    /// <summary>
    /// The prior for the losses of a search. It has main effects where there are choices, whose effects are told apart far sooner so, and
    /// where several losses are traded off all over the space. One loss of numbers alone has its optimum in a valley or a well, where what
    /// parameters do together is what matters; there they made searches slower (Levy's and Rosenbrock's functions). With one loss, or two
    /// of numbers, length scales lie about a common one: a score of trials cannot tell eight length scales apart, and fits that try take
    /// some parameters for irrelevant and others for rough. Ackley's function in 8 parameters ends at 0.7 instead of 2.2, Levy's in 20 at
    /// 0.5 instead of 0.8 and DTLZ2's two-objective hypervolume is a tenth higher over the trace; Michalewicz's, which is all ridges, is 4
    /// % worse. Length scales vary less the more losses of numbers there are: a trade-off is searched along the bounds, where one loss or
    /// the other is the same whatever else there is, and a fit that takes a parameter for irrelevant from that sends the search to corners
    /// for ever (DTLZ2 with three and four objectives).
    /// </summary>
    /// <param name="map">The embedding.</param>
    /// <param name="losses">Number of losses.</param>
    /// <param name="sparse">See <see cref="Sparse"/>.</param>
    public static HyperparameterPrior For(FeatureMap map, int losses, bool sparse = false) =>
        Alone(map, losses, sparse) with { SharedScale = !sparse && losses <= (map.HasChoices ? 1 : 2) };

    /// <summary>
    /// The same without a common scale: for the outcomes that a constraint limits, which often follow few of the parameters, and where
    /// earlier studies say what matters. OSY's and C2-DTLZ2's traces are 5 % and 3 % better with it.
    /// </summary>
    public static HyperparameterPrior Alone(FeatureMap map, int losses, bool sparse = false) =>
        new(sparse, map.GroupCount > 1 && (losses > 1 || map.HasChoices),
            map.HasChoices ? WideLengths : Math.Max(WideLengths + 1 - losses, 1));

    /// <summary>
    /// −log density of the log length scales (up to a constant); its derivatives are added to <paramref name="gradient"/>.
    /// </summary>
    public double Lengths(ReadOnlySpan<double> logLengths, Span<double> gradient)
    {
        double value = 0;
        if (!SharedScale)
        {
            for (int g = 0; g < logLengths.Length; g++)
            {
                value += Length(logLengths[g], logLengths.Length, out double derivative);
                gradient[g] += derivative;
            }
            return value;
        }
        int count = logLengths.Length;
        if (count == 0) return 0;
        double mean = 0, together = 0;
        foreach (double logLength in logLengths) mean += logLength / count;
        for (int g = 0; g < count; g++)
        {
            (double density, double derivative) = Cauchy(logLengths[g] - mean);
            value += density;
            gradient[g] += derivative;
            together += derivative;
        }
        // The mean moves with every length scale.
        double z = (mean - (Centre(count) - WideLengths)) / ScaleSpread;
        for (int g = 0; g < count; g++) gradient[g] += (z / ScaleSpread - together) / count;
        return value + 0.5 * z * z;
    }

    /// <summary>−log density of a distance from the common log length scale (up to a constant) and its derivative.</summary>
    private static (double Value, double Derivative) Cauchy(double distance)
    {
        const double Square = SharedWidth * SharedWidth;
        double q = 1 + distance * distance / Square;
        return (Math.Log(q), 2 * distance / Square / q);
    }

    /// <summary>
    /// Mean of the dense prior's log length scales. The most probable length scale's logarithm lies lower by their variance.
    /// </summary>
    private static double Centre(int dimensions) => Math.Sqrt(2) + 0.5 * Math.Log(dimensions);

    /// <summary>−log density of one log length scale (up to a constant) and its derivative.</summary>
    private double Length(double logLength, int dimensions, out double derivative)
    {
        if (Sparse)
        {
            // s = 1/ℓ² has density ∝ 1/(1 + (s/τ)²); in log ℓ: log(1 + s²/τ²) + 2 log ℓ.
            double s = Math.Exp(-2 * logLength) / Tau, q = s * s;
            derivative = -4 * q / (1 + q) + 2;
            return Math.Log(1 + q) + 2 * logLength;
        }
        // The density of ℓ itself, as BoTorch maximises it: its mode is at √d·e^(√2 − 3).
        double z = logLength - Centre(dimensions);
        derivative = z / LengthVariance + 1;
        return z * z / (2 * LengthVariance) + logLength;
    }

    /// <summary>−log density of the log signal variance, or of the main effects', and its derivative.</summary>
    public static double Signal(double logSignal, out double derivative)
    {
        derivative = logSignal / (LogSignalSpread * LogSignalSpread);
        return 0.5 * logSignal * derivative;
    }

    /// <summary>−log density of the log noise variance and its derivative.</summary>
    public static double Noise(double logNoise, out double derivative)
    {
        double z = (logNoise - LogNoiseMean) / LogNoiseSpread;
        derivative = z / LogNoiseSpread;
        return 0.5 * z * z;
    }

    /// <summary>Bounds of the vector of log length scales, log main effects where there are any, log signal and log noise.</summary>
    public (double[] Low, double[] High) Box(int groups)
    {
        int signals = MainEffects ? 2 : 1;
        return ([.. Enumerable.Repeat(LengthBounds.Low, groups), .. Enumerable.Repeat(SignalBounds.Low, signals), NoiseBounds.Low],
            [.. Enumerable.Repeat(LengthBounds.High, groups), .. Enumerable.Repeat(SignalBounds.High, signals), NoiseBounds.High]);
    }

    /// <summary>Where fits start from: the modes, and a long-scaled alternative.</summary>
    public Hyperparameters Start(int groups, bool smooth)
    {
        double mode = Sparse ? 0.5 * Math.Log(1 / Tau) : Centre(Math.Max(groups, 1)) - (smooth ? 1 : WideLengths);
        var lengths = new double[groups];
        Array.Fill(lengths, Math.Clamp(mode, LengthBounds.Low, LengthBounds.High));
        return new Hyperparameters(lengths, 0, LogNoiseMean, MainEffects ? 0 : null);
    }
}
