using AutoPeft.Spaces;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>A person's prior on the optimum, over candidates and with gradient.</summary>
internal sealed class StatedPrior
{
    private readonly SearchSpace _space;
    private readonly double[] _mean;

    private StatedPrior(SearchSpace space)
    {
        _space = space;
        _mean = new double[space.Count];
        for (int i = 0; i < _mean.Length; i++)
        {
            Parameter p = space.Parameters[i];
            // log π is −½((u − μ)/s)²: two of its values give μ on the unit scale.
            if (p.Prior is NormalPrior n)
                _mean[i] = 0.5 - n.Spread * n.Spread * (PriorDensity.LogPrior(p, p.FromUnit(0)) - PriorDensity.LogPrior(p, p.FromUnit(1)));
        }
    }

    /// <summary>The prior of a space, or null where nobody stated one.</summary>
    public static StatedPrior? Of(SearchSpace space) => space.HasPrior() ? new StatedPrior(space) : null;

    /// <summary>log π, up to a constant.</summary>
    public double Log(Candidate at) => Log(at, 0, default);

    /// <summary>log π; adds <paramref name="weight"/> times its derivatives by position.</summary>
    public double Log(Candidate at, double weight, Span<double> gradient)
    {
        double sum = 0;
        for (int i = 0; i < _mean.Length; i++)
        {
            Parameter p = _space.Parameters[i];
            if (p.Prior is null || double.IsNaN(at.Codes[i])) continue;
            if (p.Prior is NormalPrior n)
            {
                double z = (at.Units[i] - _mean[i]) / n.Spread;
                sum -= 0.5 * z * z;
                if (gradient.Length > 0) gradient[i] -= weight * z / n.Spread;
            }
            else sum += PriorDensity.LogPrior(p, at.Codes[i]);
        }
        return sum;
    }
}
