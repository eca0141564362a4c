using System.Collections.Immutable;

namespace AutoPeft.Analysis.Importance;

/// <summary>An estimated number and the interval around it.</summary>
/// <param name="Value">Estimate that the interval surrounds.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
public readonly record struct IntervalEstimate(double Value, double Low, double High);

/// <summary>Share of an objective's variance that one parameter explains.</summary>
/// <param name="Parameter">Name of the parameter in the search space.</param>
/// <param name="Main">Share of the objective's variance over the space that the parameter explains alone, on [0, 1].</param>
/// <param name="Total">The same with all interactions that it takes part in; null for PED-ANOVA, which has none.</param>
public sealed record ParameterImportance(string Parameter, IntervalEstimate Main, double? Total);

/// <summary>What two parameters explain together beyond what each explains alone.</summary>
public sealed record ParameterInteraction(string First, string Second, IntervalEstimate Share);

/// <summary>The objective as one parameter varies, averaged over all others.</summary>
/// <param name="Parameter">Name of the parameter that varies.</param>
/// <param name="Points">Points of the curve, by ascending value or by choice.</param>
public sealed record PartialDependence(string Parameter, ImmutableArray<DependencePoint> Points);

/// <summary>A point of a partial-dependence curve.</summary>
/// <param name="Value">The parameter's value, as people write it.</param>
/// <param name="Objective">
/// The objective there, in its own units (where its scale is logarithmic, the mean is of logarithms). Its interval is what the model does
/// not know, not the spread over the other parameters.
/// </param>
public readonly record struct DependencePoint(string Value, IntervalEstimate Objective);

/// <summary>What turning a switch on changes, on average over all else: which layers matter.</summary>
/// <param name="Parameter">A bool parameter, or a subset parameter and one of its items as "targets: q".</param>
/// <param name="Effect">
/// The objective with the switch on less that with it off, in the objective's own units; where its scale is logarithmic, the ratio. The
/// interval excludes 0 (or 1) where the direction is known.
/// </param>
public sealed record SwitchEffect(string Parameter, IntervalEstimate Effect);

/// <summary>What a study teaches about one objective.</summary>
public sealed record ImportanceReport
{
    /// <summary>Name of the objective that the report is about.</summary>
    public required string Objective { get; init; }

    /// <summary>How the shares were estimated; never <see cref="ImportanceMethod.Auto"/>.</summary>
    public required ImportanceMethod Method { get; init; }

    /// <summary>The method's name for people.</summary>
    public string MethodName => Method switch
    {
        ImportanceMethod.GaussianProcess => "Gaussian process",
        ImportanceMethod.Forest => "fANOVA",
        ImportanceMethod.Formula => "its own formula",
        _ => "PED-ANOVA",
    };

    /// <summary>Number of trials that the report rests on.</summary>
    public required int Trials { get; init; }

    /// <summary>
    /// Whether shares are of the variance of the objective's logarithm, and effects of switches ratios: the objective's scale is
    /// logarithmic. Else both are in the objective's own units.
    /// </summary>
    public required bool IsLogarithmic { get; init; }

    /// <summary>What was left out to keep the work bounded, one sentence each; empty where nothing was.</summary>
    public ImmutableArray<string> Limits { get; init; } = [];

    /// <summary>
    /// Share of the trials' variance that the model predicts for trials it has not seen: leave-one-out R² of the Gaussian process,
    /// out-of-bag R² of the forest; null for PED-ANOVA and formulas, which model nothing. Where the share is low, so is the worth of what
    /// follows.
    /// </summary>
    public required double? Explained { get; init; }

    /// <summary>Parameters that were measured, the most important first.</summary>
    public required ImmutableArray<ParameterImportance> Parameters { get; init; }

    /// <summary>Pairs of parameters that were measured, the strongest interaction first.</summary>
    public required ImmutableArray<ParameterInteraction> Interactions { get; init; }

    /// <summary>Curves by parameter, in the space's order; of the most important ones where the space is wide.</summary>
    public required ImmutableArray<PartialDependence> Dependence { get; init; }

    /// <summary>Effects of switches, in the space's order.</summary>
    public required ImmutableArray<SwitchEffect> Switches { get; init; }
}
