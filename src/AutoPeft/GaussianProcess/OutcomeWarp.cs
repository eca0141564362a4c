using AutoPeft.Numerics;

namespace AutoPeft.GaussianProcess;

/// <summary>
/// Takes losses to the targets of a Gaussian process and back: standardised, with a heavy upper tail compressed by log(1 + κ(t −
/// best))/κ, and standardised again. Values better than the best known are not compressed, so promise is not. κ is chosen by marginal
/// likelihood (warped Gaussian processes: Snelson, Rasmussen and Ghahramani, NIPS 2003). Monotone. Immutable.
/// </summary>
internal sealed class OutcomeWarp
{
    /// <summary>
    /// The strengths that are compared, per standard deviation: 1, 5, 25 and 125, and each fivefold of the best beyond, for as long as that
    /// gains. A run that diverged may have a loss ten thousand times the spread of those that did not, and the deviation is then its alone.
    /// </summary>
    private const double Weakest = 1, Factor = 5, AlwaysTried = 125, Strongest = 244140625;

    /// <summary>
    /// Losses that may be a mark are at least so large; and the gap below them, and where they are put, in ranges of the others.
    /// </summary>
    private const double LeastMark = 1e9, MarkRatio = 1e12, MarkedAt = 10;

    /// <summary>How many nats of likelihood a warp must gain to be used.</summary>
    public const double Evidence = 2;

    private readonly Standardization _raw, _inner;
    private readonly double _low, _ceiling;

    /// <param name="losses">Raw values; the warp is fitted to their location and scale.</param>
    /// <param name="strength">κ.</param>
    public OutcomeWarp(double[] losses, double strength)
    {
        Strength = strength;
        _ceiling = Ceiling(losses);
        if (double.IsFinite(_ceiling)) losses = [.. losses.Select(l => Math.Min(l, _ceiling))];
        _raw = Standardization.Of(losses);
        double[] t = [.. losses.Select(_raw.Apply)];
        _low = t.Min();
        _inner = strength == 0 ? new Standardization(0, 1) : Standardization.Of([.. t.Select(Compress)]);
    }

    /// <summary>κ.</summary>
    public double Strength { get; }

    /// <summary>
    /// Whether a warp is worth a fit: the values have a tail, there are enough of them (10) to tell it from chance, and their least is no
    /// atom. Where the least value comes again and again (a loss that is zero along a bound), the likelihood of a density that is stretched
    /// there grows with every repeat, and what is then fitted is a step at that bound with everything else flat.
    /// </summary>
    public static bool IsWorthATry(double[] values) => values.Length >= 10 && Skewness(values) > 0.5 && !HasAtomAtLeast(values);

    /// <summary>Whether a tenth of the values, and three at least, tie for the least.</summary>
    private static bool HasAtomAtLeast(double[] values)
    {
        double low = values.Min(), same = low + 1e-9 * (values.Max() - low);
        return values.Count(v => v <= same) >= Math.Max(3, 0.1 * values.Length);
    }

    /// <summary>
    /// The strength to try after <paramref name="tried"/>, 0 first, when <paramref name="best"/> explains the values best so far; null
    /// where there is none.
    /// </summary>
    public static double? Next(double tried, double best)
    {
        if (tried == 0) return Weakest;
        return tried < AlwaysTried || best == tried && tried < Strongest ? Factor * tried : null;
    }

    /// <summary>Skewness of the values; positive where the tail is among the worst.</summary>
    public static double Skewness(double[] losses)
    {
        Standardization s = Standardization.Of(losses);
        double sum = 0;
        foreach (double v in losses) sum += Math.Pow(s.Apply(v), 3) / losses.Length;
        return sum;
    }

    /// <summary>A loss as a target.</summary>
    public double Apply(double loss) => Strength == 0 ? Raw(loss) : _inner.Apply(Compress(Raw(loss)));

    /// <summary>A target in standard units of the loss, in which volumes are measured.</summary>
    public double Expand(double target)
    {
        if (Strength == 0) return target;
        double z = _inner.Invert(target);
        return z <= 0 ? _low + z : _low + (Math.Exp(Math.Min(Strength * z, 700)) - 1) / Strength;
    }

    /// <summary>Derivative of <see cref="Expand"/>.</summary>
    public double ExpandSlope(double target)
    {
        if (Strength == 0) return 1;
        double z = _inner.Invert(target);
        return _inner.Scale * (z <= 0 ? 1 : Math.Exp(Math.Min(Strength * z, 700)));
    }

    /// <summary>−log |d target/d loss| summed over values: what a likelihood of targets lacks to be one of losses.</summary>
    public double LogJacobian(IEnumerable<double> losses)
    {
        if (Strength == 0) return 0;
        double sum = 0;
        foreach (double loss in losses) sum += Math.Log(_inner.Scale) + NormalDistribution.Log1p(Strength * Math.Max(Raw(loss) - _low, 0));
        return sum;
    }

    /// <summary>
    /// Where losses are cut off because they are no measurements but a mark for "bad", such as the largest double: beyond a gap to all
    /// better ones of twelve orders of magnitude. A double cannot tell the others apart beside them. Marked trials then lie a few ranges
    /// above the worst of the others. Infinite where there is no such gap.
    /// </summary>
    internal static double Ceiling(double[] losses)
    {
        double[] sorted = [.. losses.Order()];
        // Halves have no infinite differences.
        for (int i = 1; i + 1 < sorted.Length; i++)
        {
            double range = sorted[i] / 2 - sorted[0] / 2, next = sorted[i + 1] / 2 - sorted[0] / 2;
            if (sorted[i + 1] >= LeastMark && range > 0 && next / range > MarkRatio) return sorted[0] + MarkedAt * 2 * range;
        }
        return double.PositiveInfinity;
    }

    private double Raw(double loss) => _raw.Apply(Math.Min(loss, _ceiling));

    private double Compress(double t) => t <= _low ? t - _low : NormalDistribution.Log1p(Strength * (t - _low)) / Strength;
}
