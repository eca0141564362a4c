using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>A configuration to run next.</summary>
/// <param name="Configuration">Feasible under the space's hard constraints.</param>
/// <param name="State">
/// What the sampler fitted and would start from next time (hyperparameters, say), in its own words; it comes back as
/// <see cref="IStudyView.SamplerState"/>. Null where it keeps nothing. Only the last proposal of a batch needs it.
/// </param>
/// <param name="Note">How it was chosen, for people: "qLogNEHVI", "Sobol (start-up)"; null for the sampler's name alone.</param>
/// <param name="Parent">The trial whose checkpoint it goes on from; null where it starts at the beginning.</param>
public sealed record Proposal(Configuration Configuration, string? State = null, string? Note = null, TrialParent? Parent = null);

/// <summary>
/// Proposes configurations. A pure function of what is known of the study and a random stream: it never sees threads, files or clocks,
/// mutates nothing, and knows pending trials as well as finished ones. The same arguments give the same proposals, bit for bit.
/// Thread-safe.
/// </summary>
public interface ISampler
{
    /// <summary>As people type it: "random", "gp", "tpe".</summary>
    string Name { get; }

    /// <summary>
    /// Whether it reads the reports of trials that ended early, or wait at a rung, itself. False (the default): such a trial is shown to it
    /// as completed, with what its reports say it would have given.
    /// </summary>
    bool ReadsReports => false;

    /// <summary>Exactly <paramref name="count"/> proposals, all feasible.</summary>
    /// <param name="study">What is known.</param>
    /// <param name="count">At least 1. Fewer come back only where the sampler has run out of configurations, as a grid can.</param>
    /// <param name="random">The stream of this ask, keyed by the study's seed and the number of the first trial that is asked for.</param>
    /// <param name="cancellationToken">Stops a long proposal.</param>
    /// <exception cref="InvalidInputException">The hard constraints leave nothing to propose, or the sampler cannot serve this
    /// study.</exception>
    IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default);
}
