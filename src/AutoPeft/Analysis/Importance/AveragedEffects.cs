using System.Collections.Immutable;
using AutoPeft.Pareto;
using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// Partial dependence (Friedman 2001) and effects of switches: averages of a sampled function over a quasi-random set of configurations.
/// </summary>
/// <param name="function">Draws of the function, in standard deviations.</param>
/// <param name="domain">Where the configurations come from.</param>
/// <param name="objective">Whose losses the function stands for.</param>
/// <param name="standard">Takes scaled losses to standard deviations.</param>
/// <param name="units">Takes losses to scaled losses.</param>
/// <param name="confidence">Level of the intervals.</param>
internal sealed class AveragedEffects(
    ISampledFunction function, ProductDomain domain, Objective objective, Standardization standard, LossScale units, double confidence)
{
    /// <summary>
    /// Configurations averaged over. The same for every value, so that differences are much more exact than the averages.
    /// </summary>
    private const int Points = 256;

    /// <summary>The curve of one parameter.</summary>
    /// <param name="p">The parameter.</param>
    /// <param name="most">Most points.</param>
    /// <param name="cancellationToken">Looked at between values.</param>
    public PartialDependence Curve(int p, int most, CancellationToken cancellationToken)
    {
        Parameter parameter = domain.Space.Parameters[p];
        double[] codes = parameter.Cardinality is { } n && n <= most ? [.. Enumerable.Range(0, (int)n).Select(k => parameter.CodeAt(k))]
            : [.. Enumerable.Range(0, most).Select(k => parameter.FromUnit(k / (most - 1.0))).Distinct()];
        return new PartialDependence(parameter.Name, [.. codes.Select(c =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            double[] losses = [.. Average(at => at[p] = c).Select(v => units.Invert(standard.Invert(v)))];
            IntervalEstimate e = Of(losses, objective.FromLoss);
            return new DependencePoint(ValueText.Plain(parameter.ToValue(c)), e);
        })]);
    }

    /// <summary>The effects of switches.</summary>
    /// <param name="measured">Names of the parameters that are looked at.</param>
    /// <param name="cancellationToken">Looked at between switches.</param>
    public ImmutableArray<SwitchEffect> Switches(IReadOnlySet<string> measured, CancellationToken cancellationToken)
    {
        var effects = ImmutableArray.CreateBuilder<SwitchEffect>();
        for (int i = 0; i < domain.Space.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int p = i;
            if (!measured.Contains(domain.Space.Parameters[p].Name)) continue;
            if (domain.Space.Parameters[p] is BoolParameter b)
                effects.Add(new SwitchEffect(b.Name, Difference(at => at[p] = 1, at => at[p] = 0)));
            if (domain.Space.Parameters[p] is not SubsetParameter s) continue;
            for (int item = 0; item < s.Items.Length; item++)
            {
                ulong bit = 1UL << item;
                effects.Add(new SwitchEffect($"{s.Name}: {s.Items[item]}",
                    Difference(at => Turn(at, p, s, bit, true), at => Turn(at, p, s, bit, false))));
            }
        }
        return effects.ToImmutable();
    }

    private static void Turn(double[] codes, int p, SubsetParameter s, ulong bit, bool on)
    {
        if (double.IsNaN(codes[p])) return;
        double changed = on ? (ulong)codes[p] | bit : (ulong)codes[p] & ~bit;
        if (s.IsValid(changed)) codes[p] = changed;
    }

    private IntervalEstimate Difference(Action<double[]> on, Action<double[]> off)
    {
        double[] a = Average(on), b = Average(off);
        double sign = objective.Direction == Direction.Minimize ? standard.Spread : -standard.Spread;
        return Of([.. a.Select((v, s) => units.Invert(sign * (v - b[s])))], v => objective.Log ? Math.Pow(10, v) : v);
    }

    /// <summary>
    /// The mean of each draw over the points, changed by <paramref name="change"/>; a parameter that the conditions make inactive stays so.
    /// </summary>
    private double[] Average(Action<double[]> change)
    {
        double[] sums = new double[function.Draws], values = new double[function.Draws], point = new double[domain.Space.Count],
            codes = new double[domain.Space.Count], before = new double[domain.Space.Count];
        for (int r = 0; r < Points; r++)
        {
            domain.Point(r, point);
            domain.Codes(point, before);
            before.CopyTo(codes, 0);
            change(codes);
            // What the change activates gets the values of the point; what it ends goes.
            foreach (int i in domain.Space.ParentsFirst)
                codes[i] = !domain.Space.IsActive(i, codes) ? double.NaN
                    : double.IsNaN(codes[i]) ? domain.Space.Parameters[i].Quantile(point[i])
                    : codes[i];
            function.Evaluate(codes, values);
            for (int s = 0; s < sums.Length; s++) sums[s] += values[s] / Points;
        }
        return sums;
    }

    private IntervalEstimate Of(double[] draws, Func<double, double> shown)
    {
        double[] values = [.. draws.Select(shown)];
        return SampleSpread.Interval(draws.Length == 1 ? values[0] : shown(draws.Average()), values, confidence);
    }
}
