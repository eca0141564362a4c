namespace AutoPeft.Analysis.Importance;

/// <summary>How importance is estimated.</summary>
public enum ImportanceMethod
{
    /// <summary>The Gaussian process up to <see cref="ImportanceOptions.MostModelTrials"/> trials, the forest beyond.</summary>
    Auto,

    /// <summary>Sobol' indices of a Gaussian process posterior (Oakley and O'Hagan 2004; Marrel et al. 2009).</summary>
    GaussianProcess,

    /// <summary>
    /// Functional ANOVA of a random forest, with exact marginals over its leaves (Hutter, Hoos and Leyton-Brown, ICML 2014). Its shares are
    /// up to 10 points off at 500 trials of a smooth function, where a Gaussian process is 2 off: a forest follows steps better than
    /// slopes.
    /// </summary>
    Forest,

    /// <summary>
    /// PED-ANOVA: importance as what sets the best trials apart from all trials (Watanabe, Bansal and Hutter, IJCAI 2023).
    /// </summary>
    PedAnova,

    /// <summary>
    /// Sobol' indices of the objective's own formula, whatever method was asked for: such an objective is known and not modelled.
    /// </summary>
    Formula,
}

/// <summary>Options of an importance analysis, <see cref="ImportanceAnalysis"/>: method and limits of its work.</summary>
public sealed record ImportanceOptions
{
    /// <summary>Trials beyond which the forest takes over by default: a Gaussian process needs n³ operations.</summary>
    public const int MostModelTrials = 1000;

    /// <summary>
    /// What the command line and the report use, so that they say the same: the defaults on at most 400 trials, a matter of seconds.
    /// </summary>
    public static ImportanceOptions Standard { get; } = new() { MostTrials = 400 };

    /// <summary>Method that estimates the shares. Default <see cref="ImportanceMethod.Auto"/>.</summary>
    public ImportanceMethod Method { get; init; }

    /// <summary>Seed of everything random in the analysis. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Trials to rest on at most, evenly spread over the study; the others are left out. Default all.</summary>
    public int MostTrials { get; init; } = int.MaxValue;

    /// <summary>
    /// Most parameters that are measured, those to which the model is most sensitive. Default 32: in wider spaces nearly all explain
    /// nothing, and each costs thousands of evaluations of the model. <see cref="ImportanceReport.Limits"/> says where it was reached.
    /// </summary>
    public int MostParameters { get; init; } = 32;

    /// <summary>
    /// Curves of partial dependence in spaces of more than <see cref="MostParameters"/>, of the most important ones; all in others. Default
    /// 6.
    /// </summary>
    public int CurvesOfWideSpaces { get; init; } = 6;

    /// <summary>
    /// Points of the Monte Carlo behind the shares. Null (the default): 2048, in spaces of more than 16 parameters 1024, of more than
    /// <see cref="MostParameters"/> 512; time goes with it, and the error with one over its root.
    /// </summary>
    public int? Points { get; init; }

    /// <summary>Level of the intervals. Default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Most parameters, the most important ones, whose pairs are looked at. Default 8, which makes 28 pairs.</summary>
    public int MostInteracting { get; init; } = 8;

    /// <summary>
    /// Losses above this quantile of the trials count as equal to it. Default 1, all as they are. A few diverged runs otherwise are most of
    /// the variance, and importance says what makes runs diverge; 0.5 asks what matters among the better half.
    /// </summary>
    public double Cutoff { get; init; } = 1;

    /// <summary>PED-ANOVA only: share of the trials that are "the best". Default 0.1, as its authors.</summary>
    public double BestShare { get; init; } = 0.1;

    /// <summary>Points of each partial-dependence curve. Default 21.</summary>
    public int CurvePoints { get; init; } = 21;

    /// <summary>Trees of the forest. Default 64, as fANOVA's authors.</summary>
    public int Trees { get; init; } = 64;
}
