using MathNet.Numerics;

namespace AutoPeft.Spaces;

/// <summary>
/// Densities of stated priors, relative to uniform on each parameter's own scale: they average to 1 over a parameter's range, so that a
/// parameter that is inactive (density 1) neither gains nor loses against one that is active.
/// </summary>
internal static class PriorDensity
{
    /// <summary>Whether anyone stated a prior.</summary>
    public static bool HasPrior(this SearchSpace space) => space.Parameters.Any(p => p.Prior is not null);

    /// <summary>log π(x): the sum over active parameters with a prior.</summary>
    public static double LogPrior(this SearchSpace space, Configuration configuration)
    {
        double sum = 0;
        for (int i = 0; i < space.Count; i++)
            if (space.Parameters[i].Prior is not null && !double.IsNaN(configuration.Codes[i]))
                sum += LogPrior(space.Parameters[i], configuration.Codes[i]);
        return sum;
    }

    /// <summary>log π of one parameter's code; 0 where it has no prior.</summary>
    public static double LogPrior(Parameter parameter, double code)
    {
        switch (parameter.Prior)
        {
            case NormalPrior n:
                double mean = parameter.ToUnit(parameter.FromValue(Nearest(parameter, n.Mean)));
                double z = (parameter.ToUnit(code) - mean) / n.Spread;
                // ∫ exp(−z²/2) over the unit interval: the normal cut off at the range.
                double mass = n.Spread * Math.Sqrt(Math.PI / 2)
                    * (SpecialFunctions.Erf((1 - mean) / (n.Spread * Math.Sqrt(2)))
                        + SpecialFunctions.Erf(mean / (n.Spread * Math.Sqrt(2))));
                return -0.5 * z * z - Math.Log(mass);
            case WeightsPrior w:
                double total = w.Weights.Sum();
                // A weight of zero is a belief, not a constraint: leave a trace of probability.
                return Math.Log(Math.Max(w.Weights[(int)parameter.IndexOf(code)] / total * w.Weights.Length, 1e-6));
            default:
                return 0;
        }
    }

    internal static void Check(Parameter parameter)
    {
        switch (parameter.Prior)
        {
            case NormalPrior n when parameter is not (FloatParameter or IntParameter or OrdinalParameter):
                throw new InvalidInputException(
                    $"Parameter '{parameter.Name}': a prior with a mean needs a numeric parameter; give weights.");
            case NormalPrior { Spread: not (> 0 and < double.PositiveInfinity) } n:
                throw new InvalidInputException(
                    $"Parameter '{parameter.Name}': the prior's spread must be a finite number above 0, not {ValueText.Of(n.Spread)}.");
            case NormalPrior n when !double.IsFinite(n.Mean):
                throw new InvalidInputException($"Parameter '{parameter.Name}': the prior's mean must be a finite number.");
            case WeightsPrior w when parameter.Cardinality != w.Weights.Length:
                throw new InvalidInputException($"Parameter '{parameter.Name}': the prior has {w.Weights.Length} weights for "
                    + $"{parameter.Cardinality?.ToString() ?? "infinitely many"} values.");
            case WeightsPrior w when w.Weights.Any(x => !(x >= 0) || double.IsInfinity(x)) || w.Weights.Sum() <= 0:
                throw new InvalidInputException(
                    $"Parameter '{parameter.Name}': the prior's weights must be non-negative and not all zero.");
        }
    }

    private static object Nearest(Parameter parameter, double mean) => parameter switch
    {
        FloatParameter f => Math.Clamp(mean, f.Low, f.High),
        IntParameter i => i.ToValue(i.FromUnit(i.ToUnit(Math.Clamp(mean, i.Low, i.High)))),
        OrdinalParameter o => o.Values.MinBy(v => Math.Abs(v - mean)),
        _ => mean,
    };
}
