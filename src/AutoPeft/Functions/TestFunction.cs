using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Functions;

/// <summary>
/// A closed-form problem with its own space, objectives and known answer: to try machinery without training anything, and to judge
/// samplers. Immutable; thread-safe.
/// </summary>
/// <param name="Name">Name of the function, as people type it after "function:".</param>
/// <param name="Space">Search space of the function's parameters.</param>
/// <param name="Objectives">What is optimised; each states its reference for the hypervolume.</param>
/// <param name="Equation">Values of the objectives, and of the outcome constraints, without noise.</param>
public sealed record TestFunction(string Name, SearchSpace Space, ImmutableArray<Objective> Objectives,
    Func<Configuration, (double[] Values, double[] Outcomes)> Equation)
{
    /// <summary>The outcome constraints; none by default.</summary>
    public ImmutableArray<OutcomeConstraint> Outcomes { get; init; } = [];

    /// <summary>Standard deviation of normal noise on every objective; 0 by default.</summary>
    public double Noise { get; init; }

    /// <summary>The best value of a single objective, where known.</summary>
    public double? Optimum { get; init; }

    /// <summary>The hypervolume of the true front below the references, where known.</summary>
    public double? MaximalHypervolume { get; init; }

    /// <summary>Trials that a comparison of samplers gives.</summary>
    public int Budget { get; init; } = 60;

    /// <summary>Computes the objectives and outcomes of a configuration without noise.</summary>
    public (double[] Values, double[] Outcomes) Evaluate(Configuration configuration) => Equation(configuration);

    /// <summary>Values as an experiment would measure them.</summary>
    public (double[] Values, double[] Outcomes) Measure(Configuration configuration, Philox random)
    {
        (double[] values, double[] outcomes) = Equation(configuration);
        if (Noise > 0) values = [.. values.Select(v => v + Noise * random.NextNormal())];
        return (values, outcomes);
    }
}
