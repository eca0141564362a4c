using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>Where models come from beside this study's trials: earlier studies.</summary>
internal interface IEarlierBeliefs
{
    /// <summary>What was good before: starts of the search for the acquisition's maximum.</summary>
    IReadOnlyList<Configuration> Starts { get; }

    /// <summary>As many members as <paramref name="own"/>, some or all of them replaced by models on what was believed before.</summary>
    /// <param name="objective">Index of the objective.</param>
    /// <param name="set">n points.</param>
    /// <param name="targets">n targets.</param>
    /// <param name="own">Models of this study's trials alone, the most probable first.</param>
    /// <param name="prior">Beliefs about hyperparameters.</param>
    /// <param name="random">Source of draws.</param>
    /// <param name="cancellationToken">Looked at between fits.</param>
    SurrogateMember[] Mix(int objective, TrainingSet set, double[] targets, SurrogateMember[] own, HyperparameterPrior prior, Philox random,
        CancellationToken cancellationToken);
}
