using AutoPeft.Analysis.Stopping;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;

namespace AutoPeft.Running;

/// <summary>What decides for a study: who proposes, who stops trials, when the study ends, and how often a trial is tried.</summary>
public sealed record StudyPolicy
{
    /// <summary>Sampler that proposes the study's configurations.</summary>
    public required ISampler Sampler { get; init; }

    /// <summary>Decides on reports. Default: every trial runs to its end.</summary>
    public IScheduler Scheduler { get; init; } = new RunToEnd();

    /// <summary>
    /// End the study early: none of them is asked for trials that are running. Default: none; the budget alone ends the study.
    /// </summary>
    public IReadOnlyList<IStopRule> StopRules { get; init; } = [];

    /// <summary>
    /// A trial fails when its worker has died or hung under it this often. Interruptions do not count. Default 3: a worker that dies twice
    /// under one trial points at the trial.
    /// </summary>
    /// <exception cref="InvalidInputException">Below 1.</exception>
    public int MaxCrashes
    {
        get;
        init => field = value >= 1 ? value : throw new InvalidInputException($"A trial needs at least one attempt, not {value}.");
    } = 3;

    /// <summary>
    /// Whether a trial that ran out of memory beside others runs once more with its device to itself. Default true; false, or a device that
    /// the trial had to itself already, makes it a failed trial.
    /// </summary>
    public bool RetryOutOfMemoryAlone { get; init; } = true;

    /// <summary>A policy of a sampler alone: every trial runs to its end.</summary>
    public static StudyPolicy Of(ISampler sampler) => new() { Sampler = sampler };
}
