using AutoPeft.Catalogs;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using AutoPeft.Tests.Studies;

namespace AutoPeft.Tests.Running;

/// <summary>Pause, promotion, holding a study, exhausted memory, lockstep and audit.</summary>
public class TrialLifeTests
{
    [Fact]
    public async Task A_paused_trial_leaves_its_worker_and_is_run_on_when_the_scheduler_promotes_it()
    {
        await using StudySession session =
            await StudyFixture.SessionAsync(new MemoryStore(), budget: 6, scheduler: new PauseAtTwoAndPromoteEven());
        var resumed = new List<(int, long?)>();
        var worker = Worker(0, async (trial, reporter, token) =>
        {
            if (trial.Attempt > 1) resumed.Add((trial.Number, trial.ResumeFrom));
            for (long step = (trial.ResumeFrom ?? 0) + 1; step <= 4; step++)
                if (await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = trial.Number }, token) is Decision.Pause)
                    throw new TrialStoppedException(step);
            return TrialOutcome.Of(1, 2);
        });
        await session.RunAsync([worker]);
        IStudyView study = session.Study;
        Assert.Equal([(0, 2L), (2, 2L), (4, 2L)], resumed.Select(r => (r.Item1, r.Item2!.Value)));
        Assert.Equal([1, 2, 3, 4], study.Trials[2].Reports.Select(r => r.Step));
        Assert.Equal(3, study.PausedCount);
        Assert.Equal((0, 3), (study.PendingCount, study.Completed.Count));
    }

    [Fact]
    public async Task A_held_study_starts_nothing_until_it_is_resumed_and_then_goes_on_to_its_end()
    {
        var store = new MemoryStore();
        await using StudySession session = await StudyFixture.SessionAsync(store, budget: 10);
        await using StudySession person = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
        var held = new TaskCompletionSource();
        int ran = 0;
        var worker = Worker(0, async (trial, _, token) =>
        {
            Interlocked.Increment(ref ran);
            if (trial.Number != 3) return TrialOutcome.Of(1, 2);
            await person.Log.PauseStudyAsync("lunch", token);
            held.SetResult();
            return TrialOutcome.Of(1, 2);
        });
        Task running = session.RunAsync([worker]);
        await held.Task;
        // The host says that it looked while the study was held by looking again; two looks are enough to know that it starts nothing.
        while (!await session.Log.ReadAsync(s => s is { IsPaused: true, PendingCount: 0 })) await Task.Yield();
        Assert.Equal(4, Volatile.Read(ref ran));
        Assert.False(running.IsCompleted);
        await person.Log.ResumeStudyAsync();
        await running;
        Assert.Equal(10, session.Study.Completed.Count);
    }

    [Fact]
    public async Task A_trial_that_runs_out_of_memory_beside_others_runs_once_more_alone()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 12);
        int inside = 0;
        bool wasAlone = false;
        IWorker[] workers = [.. Enumerable.Range(0, 3).Select(i => Worker(i, async (trial, _, token) =>
        {
            Interlocked.Increment(ref inside);
            try
            {
                if (trial is { Number: 4, Attempt: 1 })
                    throw new InvalidOperationException("CUDA out of memory. Tried to allocate 2.00 GiB");
                for (int i = 0; i < 20; i++)
                {
                    await Task.Yield();
                    if (trial.Number == 4) wasAlone = Volatile.Read(ref inside) == 1;
                }
                return TrialOutcome.Of(1, 2);
            }
            finally
            {
                Interlocked.Decrement(ref inside);
            }
        }))];
        await session.RunAsync(workers);
        Assert.Equal((TrialState.Completed, 2), (session.Study.Trials[4].State, session.Study.Trials[4].Attempt));
        Assert.True(wasAlone);
        Assert.Equal(12, session.Study.Completed.Count);
    }

    [Fact]
    public async Task A_trial_that_runs_out_of_memory_alone_fails_and_says_so()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 2);
        IWorker worker = Worker(0,
            (trial, _, _) => trial.Number == 0 ? throw new OutOfMemoryException("no more") : Task.FromResult(TrialOutcome.Of(1, 2)));
        await session.RunAsync([worker]);
        Assert.Equal((TrialState.Failed, 1), (session.Study.Trials[0].State, session.Study.Trials[0].Attempt));
        Assert.StartsWith("out of memory", session.Study.Trials[0].Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gp"), InlineData("tpe"), InlineData("evolution"), InlineData("nsga2")]
    public async Task In_lockstep_the_proposals_do_not_depend_on_which_worker_is_quicker(string sampler)
    {
        string[] runs = [.. await Task.WhenAll(Enumerable.Range(0, 3).Select(async slow =>
        {
            StudyDefinition definition = StudyFixture.Definition(budget: 18) with { Sampler = sampler, Lockstep = 3 };
            await using StudySession session =
                await SessionSteps.CreateAsync(definition, SamplerCatalog.Create(sampler), new MemoryStore());
            IWorker[] workers = [.. Enumerable.Range(0, 3).Select(i => Worker(i, async (trial, _, token) =>
            {
                // Another worker lags in each run, so results come in another order.
                await Task.Delay(i == slow ? 12 : trial.Number % 3, token);
                return TrialOutcome.Of(Math.Log10(trial.Configuration.GetDouble("lr")) + 6, 1000 + trial.Number % 5);
            }))];
            await session.RunAsync(workers);
            return string.Join('\n', session.Study.Trials.Select(t => t.Configuration.ToString()));
        }))];
        Assert.Equal(18, runs[0].Split('\n').Length);
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(runs[0], runs[2]);
    }

    [Theory]
    [InlineData("gp", null), InlineData("tpe", null), InlineData("random", null), InlineData("gp", 3)]
    public async Task An_audit_confirms_what_four_workers_were_proposed_and_finds_an_edited_record(string sampler, int? lockstep)
    {
        var store = new MemoryStore();
        StudyDefinition definition = StudyFixture.Definition(budget: 25) with { Sampler = sampler, Lockstep = lockstep };
        await using StudySession session = await SessionSteps.CreateAsync(definition, SamplerCatalog.Create(sampler), store);
        await session.Log.EnqueueAsync(StudyFixture.Space.Sample(new Philox(1)));
        IWorker[] workers = [.. Enumerable.Range(0, 4).Select(i => Worker(i, async (trial, _, token) =>
        {
            await Task.Delay(trial.Number % 4, token);
            return trial.Number == 9
                ? throw new ArithmeticException("nan")
                : TrialOutcome.Of(Math.Log10(trial.Configuration.GetDouble("lr")) + 6, 1000 + trial.Number % 5);
        }))];
        await session.RunAsync(workers);
        List<StudyEvent> log = await StudyFixture.ReadAllAsync(store);
        AuditResult good = StudyAudit.Run(log, d => SamplerCatalog.Create(d.Sampler));
        Assert.Empty(good.Differences);
        Assert.Equal((24, 1), (good.Proposals, good.Enqueued));

        int edited = log.FindIndex(e => e is TrialProposed { Number: 11 });
        log[edited] = ((TrialProposed)log[edited]) with { Configuration = StudyFixture.Space.Sample(new Philox(99)) };
        Assert.Contains(StudyAudit.Run(log, d => SamplerCatalog.Create(d.Sampler)).Differences,
            d => d.StartsWith("trial 11:", StringComparison.Ordinal));
    }

    [Fact]
    public void Gpu_slots_spread_over_the_machine_before_they_share_and_no_gpu_is_in_two_spans()
    {
        Assert.Equal(["cuda:0", "cuda:1", "cuda:0.1", "cuda:1.1"], DeviceSlot.Cuda(2, perDevice: 2).Select(s => s.ToString()));
        Assert.Equal(["cuda:0-1", "cuda:2-3"], DeviceSlot.Cuda(5, devicesPerSlot: 2).Select(s => s.ToString()));
        Assert.Throws<InvalidInputException>(() => DeviceSlot.Cuda(2, 2, 2));
        Assert.Throws<InvalidInputException>(() => DeviceSlot.Cuda(1, devicesPerSlot: 2));
    }

    private static InProcessWorker Worker(int index, Func<TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>> run) =>
        new(new DelegateRunner(run), new DeviceSlot("cpu", index, 1));

    private sealed class PauseAtTwoAndPromoteEven : IScheduler
    {
        public string Name => "test";

        public Decision Decide(IStudyView study, Trial trial) => trial.Reports[^1].Step == 2 ? Decision.Pause : Decision.Continue;

        public int? Promote(IStudyView study) =>
            study.Trials.FirstOrDefault(t => t.State == TrialState.Paused && t.Number % 2 == 0)?.Number;
    }

    private sealed class DelegateRunner(Func<TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>> run) : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            run(trial, reporter, cancellationToken);
    }
}
