using AutoPeft.Scheduling;
using Orleans;
using Orleans.Concurrency;

namespace AutoPeft.Orleans.Contracts;

/// <summary>
/// A study in the cluster; the key is its name. It alone decides what is appended to the log: it asks the sampler, gives trials to devices that are free, and records how they end.
/// </summary>
[Alias("AutoPeft.Study")]
public interface IStudyGrain : IGrainWithStringKey
{
    /// <summary>Makes the study, or finds that it is there already with the same definition.</summary>
    /// <param name="created">The log's first record, a <see cref="Studies.StudyCreated"/>, as a line.</param>
    /// <param name="options">How it runs; they replace those of an earlier call.</param>
    /// <returns>Why not, in one line (another study has this name; no such sampler), or null.</returns>
    [Alias("Create")]
    Task<string?> CreateAsync(string created, ClusterRunOptions options);

    /// <summary>Lets devices take its trials, until its budget is used up.</summary>
    /// <returns>Why not, in one line, or null.</returns>
    [Alias("Start")]
    Task<string?> StartAsync();

    /// <summary>Gives out no more trials. Those that run go on, or with <paramref name="stopTrials"/> are stopped and wait to be run again.</summary>
    [Alias("Pause")]
    Task PauseAsync(bool stopTrials);

    /// <summary>Where it is.</summary>
    [Alias("Status")]
    Task<StudyStatus> StatusAsync();

    /// <summary>A trial as the log has it; null where there is none of this number.</summary>
    [Alias("Trial")]
    Task<TrialSnapshot?> TrialAsync(int number);

    /// <summary>A free device asks for a trial. A device that asks again before it has begun gets the same lease again; null where there is nothing for it now: it is woken when there is.</summary>
    [Alias("Lease")]
    Task<TrialLease?> LeaseAsync(DeviceOffer offer);

    /// <summary>A running trial's measurements.</summary>
    /// <returns>What it shall do, or null where this attempt no longer counts: leave at once, and record nothing.</returns>
    [Alias("Report")]
    Task<Decision?> ReportAsync(int number, int attempt, long step, Dictionary<string, double> metrics);

    /// <summary>How an attempt ended. Saying it twice is the same as once.</summary>
    /// <returns>False where another attempt counts: nothing was recorded.</returns>
    [Alias("End")]
    Task<bool> EndAsync(int number, int attempt, TrialEnding ending);

    /// <summary>A silo cannot serve this study at all (a model is missing there, say): it is offered no more of its trials.</summary>
    [Alias("Refuse")]
    Task RefuseAsync(int number, int attempt, string silo, string reason);

    /// <summary>Puts back what runs on silos that are gone. The cluster calls it whenever its membership changes.</summary>
    [Alias("Check"), OneWay]
    Task CheckAsync();
}

/// <summary>How a study runs in the cluster.</summary>
[GenerateSerializer, Immutable, Alias("AutoPeft.ClusterRunOptions")]
public sealed record ClusterRunOptions
{
    /// <summary>The kind of device that its trials ask for: "cpu", "cuda"; null (the default) for any.</summary>
    [Id(0)]
    public string? DeviceKind { get; init; }

    /// <summary>How often a trial may be started. Default 3: a machine that fails twice under the same trial points at the trial.</summary>
    [Id(1)]
    public int MaxAttempts { get; init; } = 3;

    /// <summary>A trial may take this long; null (the default) for no limit. Past it the trial fails.</summary>
    [Id(2)]
    public TimeSpan? TrialTimeout { get; init; }
}

/// <summary>Whether a study gives out trials.</summary>
[GenerateSerializer, Alias("AutoPeft.StudyPhase")]
public enum StudyPhase
{
    /// <summary>There is no study of this name.</summary>
    Missing,

    /// <summary>It gives out none: not started yet, or paused.</summary>
    Paused,

    /// <summary>It gives out trials to devices that are free.</summary>
    Running,

    /// <summary>Its budget is used up and every trial has ended.</summary>
    Finished,
}

/// <summary>Where a study is.</summary>
/// <param name="Phase">Whether it gives out trials.</param>
/// <param name="Budget">Trials in all; null where it is open.</param>
/// <param name="Proposed">Trials so far.</param>
/// <param name="Ended">Trials that ended, in any way.</param>
/// <param name="Running">Trials that run.</param>
/// <param name="Trouble">What keeps it, or a silo, from running: one line; null where nothing does.</param>
[GenerateSerializer, Immutable, Alias("AutoPeft.StudyStatus")]
public sealed record StudyStatus(
    [property: Id(0)] StudyPhase Phase, [property: Id(1)] int? Budget, [property: Id(2)] int Proposed, [property: Id(3)] int Ended, [property: Id(4)] int Running, [property: Id(5)] string? Trouble);
