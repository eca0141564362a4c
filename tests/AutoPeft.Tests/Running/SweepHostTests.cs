using System.Collections.Immutable;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.Tests.Studies;

namespace AutoPeft.Tests.Running;

public class SweepHostTests
{
    [Fact]
    public async Task Four_workers_run_every_trial_exactly_once()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 50);
        IWorker[] workers = [.. DeviceSlot.Cpu(4).Select(d => new ScriptedWorker(d, (_, _) => new WorkerResult.CompletedResult(TrialOutcome.Of(1, 2))))];
        await new SweepHost(session, workers, new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.Equal(50, session.Study.Completed.Count);
        Assert.All(session.Study.Trials, t => Assert.Equal(1, t.Attempt));
    }

    [Fact]
    public async Task A_trial_whose_worker_dies_runs_again_with_the_same_seed_and_others_are_not_touched()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 8);
        var seeds = new List<ulong>();
        var worker = new ScriptedWorker(DeviceSlot.Cpu(1)[0], (trial, _) =>
        {
            if (trial.Number != 3) return new WorkerResult.CompletedResult(TrialOutcome.Of(1, 2));
            seeds.Add(trial.Seed);
            return trial.Attempt == 1 ? new WorkerResult.LostResult("killed") : new WorkerResult.CompletedResult(TrialOutcome.Of(3, 4));
        });
        await new SweepHost(session, [worker], new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.Equal(8, session.Study.Completed.Count);
        Assert.Equal(2, session.Study.Trials[3].Attempt);
        Assert.Equal(2, seeds.Count);
        Assert.Single(seeds.Distinct());
    }

    [Fact]
    public async Task A_trial_that_kills_every_worker_fails_after_the_last_attempt_and_the_sweep_goes_on()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 5);
        var worker = new ScriptedWorker(DeviceSlot.Cpu(1)[0], (trial, _) => trial.Number == 1 ? new WorkerResult.LostResult("killed by signal 9") : new WorkerResult.CompletedResult(TrialOutcome.Of(1, 2)));
        await new SweepHost(session, [worker], new RunToEnd(), new SweepOptions { MaxAttempts = 3 }).RunAsync(default);
        Assert.Equal(TrialState.Failed, session.Study.Trials[1].State);
        Assert.Equal(3, session.Study.Trials[1].Attempt);
        Assert.Contains("signal 9", session.Study.Trials[1].Error, StringComparison.Ordinal);
        Assert.Equal(4, session.Study.Completed.Count);
    }

    [Fact]
    public async Task A_machine_on_which_no_worker_lives_leaves_with_one_line_before_it_has_used_up_the_study()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 40);
        IWorker[] broken = [.. DeviceSlot.Cpu(2).Select(d => new ScriptedWorker(d, (_, _) => new WorkerResult.LostResult("libcudart.so.12: cannot open shared object file")))];
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => new SweepHost(session, broken, new RunToEnd(), new SweepOptions { MaxAttempts = 3 }).RunAsync(default));
        Assert.Contains("libcudart.so.12", e.Message, StringComparison.Ordinal);
        Assert.InRange(session.Study.Trials.Count(t => t.State == TrialState.Failed), 0, 2);
        // Where that is mended, the study goes on.
        var sound = new ScriptedWorker(DeviceSlot.Cpu(1)[0], (_, _) => new WorkerResult.CompletedResult(TrialOutcome.Of(1, 2)));
        await new SweepHost(session, [sound], new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.InRange(session.Study.Completed.Count, 38, 40);
        Assert.Equal(0, session.Study.PendingCount);
    }

    [Fact]
    public async Task A_trial_that_a_person_requeues_while_it_runs_counts_once_and_the_worker_that_comes_late_is_told_to_stop()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 6);
        var second = new TaskCompletionSource();
        Decision? told = null;
        IWorker[] workers = [.. DeviceSlot.Cpu(2).Select(d => new InProcessWorker(new DelegateRunner(async (trial, reporter, token) =>
        {
            if (trial.Number != 0) return TrialOutcome.Of(1, 2);
            if (trial.Attempt == 2)
            {
                second.SetResult();
                return TrialOutcome.Of(22, 2);
            }
            await session.RequeueAsync(0, "a person thought its worker gone", cancellationToken: token);
            await second.Task;
            while (!await session.ReadAsync(s => s.Trials[0].HasEnded, token)) await Task.Yield();
            told = await reporter.ReportAsync(1, new Dictionary<string, double> { ["loss"] = 1 }, token);
            return TrialOutcome.Of(11, 2);
        }), d))];
        await new SweepHost(session, workers, new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.Equal(6, session.Study.Completed.Count);
        Assert.Equal((22, 2), (session.Study.Trials[0].Values[0], session.Study.Trials[0].Attempt));
        Assert.Equal(Decision.Stop, told);
        Assert.Empty(session.Study.Trials[0].Reports);
    }

    [Fact]
    public async Task A_cancelled_sweep_puts_its_trials_back_and_resumes_to_the_same_trials_as_an_uninterrupted_one()
    {
        var store = new MemoryStore();
        using StudySession session = await StudyFixture.SessionAsync(store, budget: 20);
        using var cancel = new CancellationTokenSource();
        var worker = new ScriptedWorker(DeviceSlot.Cpu(1)[0], (trial, token) =>
        {
            if (trial.Number == 7) cancel.Cancel();
            token.ThrowIfCancellationRequested();
            return new WorkerResult.CompletedResult(Score(trial));
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new SweepHost(session, [worker], new RunToEnd(), new SweepOptions()).RunAsync(cancel.Token));
        Assert.Equal(TrialState.Waiting, session.Study.Trials[7].State);

        using StudySession resumed = await StudySession.OpenAsync(store, _ => new AutoPeft.Samplers.RandomSampler());
        await new SweepHost(resumed, [new ScriptedWorker(DeviceSlot.Cpu(1)[0], (t, _) => new WorkerResult.CompletedResult(Score(t)))], new RunToEnd(), new SweepOptions()).RunAsync(default);

        using StudySession whole = await StudyFixture.SessionAsync(new MemoryStore(), budget: 20);
        await new SweepHost(whole, [new ScriptedWorker(DeviceSlot.Cpu(1)[0], (t, _) => new WorkerResult.CompletedResult(Score(t)))], new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.Equal(whole.Study.Trials.Select(t => (t.Configuration, t.Values[0])), resumed.Study.Trials.Select(t => (t.Configuration, t.Values[0])));

        static TrialOutcome Score(TrialAssignment t) => TrialOutcome.Of(t.Seed % 1000, t.Configuration.GetDouble("lr"));
    }

    [Fact]
    public async Task A_trial_past_its_time_limit_fails_and_the_next_one_runs()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 3);
        var worker = new InProcessWorker(new DelegateRunner(async (trial, _, token) =>
        {
            if (trial.Number == 1) await Task.Delay(Timeout.Infinite, token);
            return TrialOutcome.Of(1, 2);
        }), DeviceSlot.Cpu(1)[0]);
        await new SweepHost(session, [worker], new RunToEnd(), new SweepOptions { TrialTimeout = TimeSpan.FromSeconds(0.2) }).RunAsync(default);
        Assert.Equal(TrialState.Failed, session.Study.Trials[1].State);
        Assert.Equal(2, session.Study.Completed.Count);
    }

    [Fact]
    public async Task A_scheduler_that_says_stop_prunes_the_trial_with_its_reports_kept()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 4);
        var worker = new InProcessWorker(new DelegateRunner(async (trial, reporter, token) =>
        {
            for (int step = 1; step <= 5; step++)
                if (await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = step }, token) == Decision.Stop) throw new TrialStoppedException(step);
            return TrialOutcome.Of(1, 2);
        }), DeviceSlot.Cpu(1)[0]);
        await new SweepHost(session, [worker], new StopOddTrialsAtThree(), new SweepOptions()).RunAsync(default);
        Assert.Equal([TrialState.Completed, TrialState.Pruned, TrialState.Completed, TrialState.Pruned], session.Study.Trials.Select(t => t.State));
        Assert.Equal(3, session.Study.Trials[1].Reports.Count);
        Assert.Equal(5, session.Study.Trials[0].Reports.Count);
    }

    [Fact]
    public async Task An_error_of_the_configuration_fails_the_trial_once()
    {
        using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 3);
        var worker = new InProcessWorker(new DelegateRunner((trial, _, _) => trial.Number == 0 ? throw new ArithmeticException("loss is NaN") : Task.FromResult(TrialOutcome.Of(1, 2))), DeviceSlot.Cpu(1)[0]);
        await new SweepHost(session, [worker], new RunToEnd(), new SweepOptions()).RunAsync(default);
        Assert.Equal((TrialState.Failed, 1, "ArithmeticException: loss is NaN"), (session.Study.Trials[0].State, session.Study.Trials[0].Attempt, session.Study.Trials[0].Error));
    }

    private sealed class ScriptedWorker(DeviceSlot device, Func<TrialAssignment, CancellationToken, WorkerResult> script) : IWorker
    {
        public string Name => $"scripted/{Device}";

        public DeviceSlot Device { get; } = device;

        public Task WarmUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task<WorkerResult> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return script(trial, cancellationToken);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class StopOddTrialsAtThree : IScheduler
    {
        public string Name => "test";

        public Decision Decide(IStudyView study, Trial trial) => trial.Number % 2 == 1 && trial.Reports[^1].Step == 3 ? Decision.Stop : Decision.Continue;
    }

    private sealed class DelegateRunner(Func<TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>> run) : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) => run(trial, reporter, cancellationToken);
    }
}
