using System.Collections.Concurrent;
using AutoPeft.Catalogs;
using AutoPeft.Running;
using AutoPeft.Studies;
using Xunit;

namespace AutoPeft.TestKit;

/// <summary>
/// What everything that runs a study promises, however many machines it has. Inherit it, and say how to start the host on a store and how
/// to make a store.
/// </summary>
public abstract partial class HostContract : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<IAsyncDisposable> _opened = [];
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-host-").FullName;

    /// <summary>A new, empty store; every store of one test that is opened again has the same log.</summary>
    protected abstract Task<IStudyStore> CreateStoreAsync();

    /// <summary>Starts the host on the study in the store that <see cref="CreateStoreAsync"/> made last.</summary>
    protected abstract Task<RunningHost> StartAsync(HostSetup setup, IStudyStore store);

    /// <summary>Machines that the host has.</summary>
    protected virtual int Machines => 1;

    /// <inheritdoc/>
    public virtual Task InitializeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        foreach (IAsyncDisposable opened in Enumerable.Reverse(_opened)) await opened.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [SkippableFact]
    public async Task Every_trial_of_the_budget_runs_once_and_none_beyond()
    {
        var runs = new ConcurrentBag<int>();
        HostSetup setup = Setup(HostSetup.Branin(40), (trial, _, _) =>
        {
            runs.Add(trial.Number);
            return Task.FromResult(HostSetup.BraninOf(trial));
        });
        Study study = await RunAsync(setup with { Slots = 4 });
        Assert.Equal(40, study.Completed.Count);
        Assert.Equal(Enumerable.Range(0, 40), runs.Order());
        Assert.All(study.Trials, t => Assert.Equal((1, 1.0), (t.Attempt, t.Seconds >= 0 ? 1 : 0)));
    }

    [SkippableFact]
    public async Task A_report_says_how_long_its_attempt_had_run()
    {
        Study study = await RunAsync(Setup(HostSetup.Branin(2), async (trial, reporter, token) =>
        {
            for (int step = 1; step <= 2; step++)
            {
                await Task.Delay(50, token);
                await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = step }, token);
            }
            return HostSetup.BraninOf(trial);
        }));
        Assert.All(study.Trials, t =>
        {
            double[] seconds = [.. t.Reports.Select(r => r.Seconds!.Value)];
            Assert.Equal(2, seconds.Length);
            Assert.True(seconds[0] > 0.04 && seconds[1] > seconds[0] + 0.04 && t.Seconds >= seconds[1],
                $"{seconds[0]}, {seconds[1]} of {t.Seconds}");
        });
    }

    [SkippableFact]
    public async Task With_one_slot_the_trials_are_those_that_the_sampler_gives_to_an_open_session()
    {
        StudyDefinition definition = HostSetup.Branin(12, "gp");
        Study study = await RunAsync(Setup(definition, (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with { Slots = 1 });
        await using StudySession session = await StudySession.CreateAsync(definition, StudyPolicy.Of(SamplerCatalog.Create("gp")),
            new MemoryStore());
        while (await session.AskAsync(1) is [var trial])
            await session.TellAsync(trial.Number,
                new AttemptEnd.CompletedEnd(HostSetup.BraninOf(new TrialAssignment(trial.Number, trial.Configuration, 0, 1,
                DeviceSlot.Cpu(1)[0]))));
        Assert.Equal(session.Study.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])),
            study.Trials.Select(t => (t.Configuration, t.Values[0], t.Values[1])));
    }

    [SkippableFact]
    public async Task With_many_slots_every_proposal_replays_from_what_its_sampler_had_seen()
    {
        List<StudyEvent> log = await LogOfAsync(Setup(HostSetup.Branin(20, "tpe"), async (trial, _, token) =>
        {
            await Task.Delay(trial.Number % 4, token);
            return HostSetup.BraninOf(trial);
        }) with
        { Slots = 4 });
        AuditResult audit = StudyAudit.Run(log, d => SamplerCatalog.Create(d.Sampler));
        Assert.Equal((20, 0), (audit.Proposals, audit.Differences.Count));
    }

    /// <summary>A setup whose trials run in this process.</summary>
    protected static HostSetup Setup(StudyDefinition definition, Func<TrialAssignment, ITrialReporter, CancellationToken,
        Task<TrialOutcome>> run) =>
        new(definition, (slot, _) => new InProcessWorker(new ScriptedRunner(run), slot));

    /// <summary>Runs a study to its end.</summary>
    /// <param name="setup">The sweep.</param>
    /// <param name="person">Is given the study's log as another program has it open, before the host starts.</param>
    /// <param name="after">Is given the host when the study has finished.</param>
    protected async Task<Study> RunAsync(HostSetup setup, Action<StudyLog>? person = null, Action<RunningHost>? after = null)
    {
        IStudyStore store = await StoreAsync(setup);
        using StudyLog log = await StudyLog.OpenAsync(store);
        person?.Invoke(log);
        RunningHost host = await HostAsync(setup, store);
        await host.Completion.WaitAsync(s_patience);
        after?.Invoke(host);
        await host.DisposeAsync();
        return await FoldAsync(store);
    }

    /// <summary>A store with the study's first record in it; closed after the test.</summary>
    protected async Task<IStudyStore> StoreAsync(HostSetup setup)
    {
        IStudyStore store = await CreateStoreAsync();
        _opened.Add(store);
        Assert.True(await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, setup.Definition)], default));
        return store;
    }

    /// <summary>A host, stopped after the test at the latest.</summary>
    protected async Task<RunningHost> HostAsync(HostSetup setup, IStudyStore store)
    {
        RunningHost host = await StartAsync(setup, store);
        _opened.Add(host);
        return host;
    }

    /// <summary>The log as it is.</summary>
    protected static async Task<List<StudyEvent>> ReadAsync(IStudyStore store)
    {
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) log.Add(e);
        return log;
    }

    /// <summary>The fold as it is.</summary>
    protected static async Task<Study> FoldAsync(IStudyStore store) => Study.Of(await ReadAsync(store));

    private async Task<List<StudyEvent>> LogOfAsync(HostSetup setup)
    {
        IStudyStore store = await StoreAsync(setup);
        RunningHost host = await HostAsync(setup, store);
        await host.Completion.WaitAsync(s_patience);
        return await ReadAsync(store);
    }
}
