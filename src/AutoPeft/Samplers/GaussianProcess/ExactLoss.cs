using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// The loss of an objective that configurations alone decide, in the units of its targets: what takes a surrogate's place. Holds a
/// workspace; not thread-safe.
/// </summary>
internal sealed class ExactLoss
{
    /// <summary>
    /// Standard deviation in the targets' units: an improvement is a smooth function of the loss, and climbed by gradients, only where
    /// there is one. A hundredth of the spread tells any two counts apart that matter.
    /// </summary>
    public const double Deviation = 0.01;

    /// <summary>What stands for no number (a count of 0 on a logarithmic scale), and for anything worse.</summary>
    private const double Worst = 1e3;

    /// <summary>Step on [0, 1] of central differences.</summary>
    private const double Step = 1e-4;

    private readonly FeatureMap _map;
    private readonly Objective _objective;
    private readonly Formula _formula;
    private readonly OutcomeWarp _targets;
    private readonly int[] _moving;
    private readonly double[] _codes;

    /// <param name="map">The embedding.</param>
    /// <param name="objective">Whose loss it is.</param>
    /// <param name="formula">Its formula.</param>
    /// <param name="targets">From losses to targets.</param>
    public ExactLoss(FeatureMap map, Objective objective, Formula formula, OutcomeWarp targets)
    {
        (_map, _objective, _formula, _targets) = (map, objective, formula, targets);
        _moving = [.. Enumerable.Range(0, map.Space.Count).Where(i => map.IsRelaxed[i] && formula.Uses(i))];
        _codes = new double[map.Space.Count];
    }

    /// <summary>The target at a configuration.</summary>
    public double At(Configuration configuration) => Of(_formula.Value(configuration));

    /// <summary>The target at a point, between the values of relaxed parameters too.</summary>
    public double At(Candidate at)
    {
        Read(at);
        return Of(_formula.Value(_codes));
    }

    /// <summary>Adds <paramref name="byTarget"/> times the target's derivatives by the positions of relaxed parameters.</summary>
    public void Gradient(Candidate at, double byTarget, Span<double> gradient)
    {
        Read(at);
        foreach (int i in _moving)
        {
            double unit = at.Units[i];
            if (double.IsNaN(at.Codes[i])) continue;
            double high = Math.Min(unit + Step, 1), low = Math.Max(unit - Step, 0), here = _codes[i];
            _codes[i] = Between(_map.Space.Parameters[i], high);
            double up = Of(_formula.Value(_codes));
            _codes[i] = Between(_map.Space.Parameters[i], low);
            gradient[i] += byTarget * (up - Of(_formula.Value(_codes))) / (high - low);
            _codes[i] = here;
        }
    }

    private void Read(Candidate at)
    {
        at.Codes.CopyTo(_codes, 0);
        foreach (int i in _moving)
            if (!double.IsNaN(_codes[i])) _codes[i] = Between(_map.Space.Parameters[i], at.Units[i]);
    }

    /// <summary>A parameter's value at a position on [0, 1], not rounded where it is a whole number.</summary>
    private static double Between(Parameter parameter, double unit) => parameter switch
    {
        IntParameter { Log: true } p => p.Low * Math.Pow((double)p.High / p.Low, unit),
        IntParameter p => p.Low + unit * (p.High - p.Low),
        _ => parameter.FromUnit(unit),
    };

    private double Of(double value)
    {
        double target = _targets.Apply(_objective.ToLoss(value));
        return double.IsFinite(target) && target < Worst ? target : Worst;
    }
}
