using System.Collections.Immutable;
using AutoPeft.Catalogs;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.TestKit;

/// <summary>Steps of a study, one by one, as tests take them.</summary>
public static class SessionSteps
{
    /// <summary>Makes a study with a sampler, and a scheduler where one is stated.</summary>
    public static Task<StudySession> CreateAsync(StudyDefinition definition, ISampler sampler, IStudyStore store,
        IScheduler? scheduler = null) =>
        StudySession.CreateAsync(definition,
            new StudyPolicy { Sampler = sampler, Scheduler = scheduler ?? SchedulerCatalog.Create(definition.Scheduler) }, store);

    /// <summary>Goes on with a study that a store has.</summary>
    public static async Task<StudySession> OpenAsync(IStudyStore store, ISampler? sampler = null, IScheduler? scheduler = null)
    {
        StudyLog log = await StudyLog.OpenAsync(store);
        StudyDefinition definition = log.Study.Definition;
        return await StudySession.OpenAsync(log, new StudyPolicy
        {
            Sampler = sampler ?? SamplerCatalog.Create(definition.Sampler),
            Scheduler = scheduler ?? SchedulerCatalog.Create(definition.Scheduler),
        });
    }

    /// <summary>Runs the study to its end on these workers.</summary>
    public static Task RunAsync(this StudySession session, IReadOnlyList<IWorker> workers, SweepOptions? options = null,
        CancellationToken cancellationToken = default) =>
        new LocalSweep(session, new AttemptRunner(workers, options ?? new SweepOptions())).RunAsync(cancellationToken);

    /// <summary>The waiting trial of the lowest number, started; null where none waits.</summary>
    public static async Task<Trial?> TakeWaitingAsync(this StudySession session, string worker, string device)
    {
        Trial? waiting = await session.Log.ReadAsync(s => s.Trials.FirstOrDefault(t => t.State == TrialState.Waiting));
        if (waiting is null) return null;
        await session.StartAsync(waiting.Number, worker, device);
        return await session.Log.ReadAsync(s => s.Trials[waiting.Number]);
    }

    /// <summary>Tells a result.</summary>
    /// <returns>Whether it counts as completed; false if as failed.</returns>
    public static async Task<bool> CompleteAsync(
        this StudySession session, int number, IReadOnlyList<double> values, IReadOnlyList<double>? outcomes = null,
        ImmutableSortedDictionary<string, double>? metrics = null) =>
        await session.TellAsync(number,
            new AttemptEnd.CompletedEnd(new TrialOutcome([.. values], [.. outcomes ?? []],
                metrics ?? ImmutableSortedDictionary<string, double>.Empty))) == TrialState.Completed;

    /// <summary>Tells a failure.</summary>
    public static Task FailAsync(this StudySession session, int number, string error) =>
        session.TellAsync(number, new AttemptEnd.FailedEnd(error));

    /// <summary>Tells that the scheduler ended a trial.</summary>
    public static Task PruneAsync(this StudySession session, int number, long step) =>
        session.TellAsync(number, new AttemptEnd.LeftEnd(step));

    /// <summary>Tells that a trial left at a checkpoint.</summary>
    public static Task PauseAsync(this StudySession session, int number, long step) =>
        session.TellAsync(number, new AttemptEnd.LeftEnd(step, Paused: true));

    /// <summary>Puts a trial back.</summary>
    public static Task RequeueAsync(this StudySession session, int number, string reason) => session.Log.RequeueAsync(number, reason);

    /// <summary>Records a report.</summary>
    public static Task<Decision> ReportAsync(this StudySession session, int number, long step,
        ImmutableSortedDictionary<string, double> metrics) => session.TellReportAsync(number, step, metrics);
}
