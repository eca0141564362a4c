using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using AutoPeft.Tests.Studies;

namespace AutoPeft.Tests.Running;

public class LocalSweepTests
{
    [Fact]
    public async Task Four_workers_run_every_trial_exactly_once()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 50);
        IWorker[] workers =
            [.. DeviceSlot.Cpu(4).Select(d => new ScriptedWorker(d, (_, _) => new AttemptEnd.CompletedEnd(TrialOutcome.Of(1, 2))))];
        await session.RunAsync(workers);
        Assert.Equal(50, session.Study.Completed.Count);
        Assert.All(session.Study.Trials, t => Assert.Equal(1, t.Attempt));
    }

    [Fact]
    public async Task A_trial_whose_worker_dies_runs_again_with_the_same_seed_and_others_are_not_touched()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 8);
        var seeds = new List<ulong>();
        var worker = new ScriptedWorker(DeviceSlot.Cpu(1)[0], (trial, _) =>
        {
            if (trial.Number != 3) return new AttemptEnd.CompletedEnd(TrialOutcome.Of(1, 2));
            seeds.Add(trial.Seed);
            return trial.Attempt == 1 ? new AttemptEnd.LostEnd("killed") : new AttemptEnd.CompletedEnd(TrialOutcome.Of(3, 4));
        });
        await session.RunAsync([worker]);
        Assert.Equal(8, session.Study.Completed.Count);
        Assert.Equal(2, session.Study.Trials[3].Attempt);
        Assert.Equal(2, seeds.Count);
        Assert.Single(seeds.Distinct());
    }

    [Fact]
    public async Task A_trial_that_kills_every_worker_fails_after_the_last_attempt_and_the_sweep_goes_on()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 5);
        var worker = new ScriptedWorker(DeviceSlot.Cpu(1)[0],
            (trial, _) => trial.Number == 1 ? new AttemptEnd.LostEnd("killed by signal 9")
                : new AttemptEnd.CompletedEnd(TrialOutcome.Of(1, 2)));
        await session.RunAsync([worker]);
        Assert.Equal(TrialState.Failed, session.Study.Trials[1].State);
        Assert.Equal(3, session.Study.Trials[1].Attempt);
        Assert.Contains("signal 9", session.Study.Trials[1].Error, StringComparison.Ordinal);
        Assert.Equal(4, session.Study.Completed.Count);
    }

    [Fact]
    public async Task A_machine_on_which_no_worker_lives_leaves_with_one_line_before_it_has_used_up_the_study()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 40);
        IWorker[] broken = [.. DeviceSlot.Cpu(2)
            .Select(d => new ScriptedWorker(d, (_, _) => new AttemptEnd.LostEnd("libcudart.so.12: cannot open shared object file")))];
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => session.RunAsync(broken));
        Assert.Contains("libcudart.so.12", e.Message, StringComparison.Ordinal);
        Assert.InRange(session.Study.Trials.Count(t => t.State == TrialState.Failed), 0, 2);
        // Where that is mended, the study goes on.
        var sound = new ScriptedWorker(DeviceSlot.Cpu(1)[0], (_, _) => new AttemptEnd.CompletedEnd(TrialOutcome.Of(1, 2)));
        await session.RunAsync([sound]);
        Assert.InRange(session.Study.Completed.Count, 38, 40);
        Assert.Equal(0, session.Study.PendingCount);
    }

    [Fact]
    public async Task A_trial_that_a_person_requeues_while_it_runs_counts_once_and_the_worker_that_comes_late_is_told_to_stop()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 6);
        var second = new TaskCompletionSource();
        bool told = false;
        IWorker[] workers = [.. DeviceSlot.Cpu(2).Select(d => new InProcessWorker(new DelegateRunner(async (trial, reporter, token) =>
        {
            if (trial.Number != 0) return TrialOutcome.Of(1, 2);
            if (trial.Attempt == 2)
            {
                second.SetResult();
                return TrialOutcome.Of(22, 2);
            }
            await session.Log.RequeueAsync(0, "a person thought its worker gone", token);
            await second.Task;
            while (!await session.Log.ReadAsync(s => s.Trials[0].HasEnded, token)) await Task.Yield();
            try { await reporter.ReportAsync(1, new Dictionary<string, double> { ["loss"] = 1 }, token); }
            catch (OperationCanceledException) { told = true; }
            return TrialOutcome.Of(11, 2);
        }), d))];
        await session.RunAsync(workers);
        Assert.Equal(6, session.Study.Completed.Count);
        Assert.Equal((22, 2), (session.Study.Trials[0].Values[0], session.Study.Trials[0].Attempt));
        Assert.True(told);
        Assert.Empty(session.Study.Trials[0].Reports);
    }

    [Fact]
    public async Task A_cancelled_sweep_puts_its_trials_back_and_resumes_to_the_same_trials_as_an_uninterrupted_one()
    {
        var store = new MemoryStore();
        await using StudySession session = await StudyFixture.SessionAsync(store, budget: 20);
        using var cancel = new CancellationTokenSource();
        var worker = new ScriptedWorker(DeviceSlot.Cpu(1)[0], (trial, token) =>
        {
            if (trial.Number == 7) cancel.Cancel();
            token.ThrowIfCancellationRequested();
            return new AttemptEnd.CompletedEnd(Score(trial));
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => session.RunAsync([worker], cancellationToken: cancel.Token));
        Assert.Equal(TrialState.Waiting, session.Study.Trials[7].State);

        await using StudySession resumed = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
        await resumed.RunAsync([new ScriptedWorker(DeviceSlot.Cpu(1)[0], (t, _) => new AttemptEnd.CompletedEnd(Score(t)))]);

        await using StudySession whole = await StudyFixture.SessionAsync(new MemoryStore(), budget: 20);
        await whole.RunAsync([new ScriptedWorker(DeviceSlot.Cpu(1)[0], (t, _) => new AttemptEnd.CompletedEnd(Score(t)))]);
        Assert.Equal(whole.Study.Trials.Select(t => (t.Configuration, t.Values[0])),
            resumed.Study.Trials.Select(t => (t.Configuration, t.Values[0])));

        static TrialOutcome Score(TrialAssignment t) => TrialOutcome.Of(t.Seed % 1000, t.Configuration.GetDouble("lr"));
    }

    [Fact]
    public async Task A_trial_past_its_time_limit_fails_and_the_next_one_runs()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 3);
        var worker = new InProcessWorker(new DelegateRunner(async (trial, _, token) =>
        {
            if (trial.Number == 1) await Task.Delay(Timeout.Infinite, token);
            return TrialOutcome.Of(1, 2);
        }), DeviceSlot.Cpu(1)[0]);
        await session.RunAsync([worker], new SweepOptions { TrialTimeout = TimeSpan.FromSeconds(0.2) });
        Assert.Equal(TrialState.Failed, session.Study.Trials[1].State);
        Assert.Equal(2, session.Study.Completed.Count);
    }

    [Fact]
    public async Task A_scheduler_that_says_stop_prunes_the_trial_with_its_reports_kept()
    {
        await using StudySession session =
            await StudyFixture.SessionAsync(new MemoryStore(), budget: 4, scheduler: new StopOddTrialsAtThree());
        var worker = new InProcessWorker(new DelegateRunner(async (trial, reporter, token) =>
        {
            for (int step = 1; step <= 5; step++)
                if (await reporter.ReportAsync(step, new Dictionary<string, double> { ["loss"] = step }, token) == Decision.Stop)
                    throw new TrialStoppedException(step);
            return TrialOutcome.Of(1, 2);
        }), DeviceSlot.Cpu(1)[0]);
        await session.RunAsync([worker]);
        Assert.Equal([TrialState.Completed, TrialState.Pruned, TrialState.Completed, TrialState.Pruned],
            session.Study.Trials.Select(t => t.State));
        Assert.Equal(3, session.Study.Trials[1].Reports.Count);
        Assert.Equal(5, session.Study.Trials[0].Reports.Count);
    }

    [Fact]
    public async Task An_error_of_the_configuration_fails_the_trial_once()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 3);
        var worker = new InProcessWorker(
            new DelegateRunner((trial, _,
                _) => trial.Number == 0 ? throw new ArithmeticException("loss is NaN") : Task.FromResult(TrialOutcome.Of(1, 2))),
                DeviceSlot.Cpu(1)[0]);
        await session.RunAsync([worker]);
        Assert.Equal((TrialState.Failed, 1, "ArithmeticException: loss is NaN"),
            (session.Study.Trials[0].State, session.Study.Trials[0].Attempt, session.Study.Trials[0].Error));
    }

    [Fact]
    public async Task A_disk_that_is_full_stops_the_sweep_with_one_line_before_it_has_used_up_a_trial_and_the_study_goes_on_later()
    {
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 10);
        bool full = true;
        InProcessWorker[] workers = [.. DeviceSlot.Cpu(2).Select(d => new InProcessWorker(new DelegateRunner((trial, _, _) =>
            full && trial.Number == 3
                ? throw new InvalidOperationException("saving", new IOException("No space left on device : '/trials/x'", 28))
                : Task.FromResult(TrialOutcome.Of(1, 2))), d))];
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => session.RunAsync(workers));
        Assert.StartsWith("The disk cannot be written", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Equal((TrialState.Waiting, 0),
            (session.Study.Trials[3].State, session.Study.Trials.Count(t => t.State == TrialState.Failed)));
        full = false;
        await session.RunAsync(workers);
        Assert.Equal(10, session.Study.Completed.Count);
    }

    [Fact]
    public async Task What_a_training_prints_passes_for_no_message_of_its_worker()
    {
        // Speaks the protocol, and prints lines that look like it between.
        const string script = """
            read -r hello
            frame=$(printf '%s' "$hello" | sed 's/.*"frame":"\([^"]*\)".*/\1/')
            echo '{"alive":1.5}'
            echo '{"error":{"message":"fooled"}}'
            echo "$frame"'{"ready":true}'
            while read -r line; do
              number=$(printf '%s' "$line" | sed 's/.*"number":\([0-9]*\).*/\1/')
              echo '{"done":{"number":'"$number"',"values":[9,9],"outcomes":[],"metrics":{}}}'
              printf 'no line end '
              echo "$frame"'{"done":{"number":'"$number"',"values":[1,2],"outcomes":[],"metrics":{}}}'
            done
            """;
        await using StudySession session = await StudyFixture.SessionAsync(new MemoryStore(), budget: 3);
        await using var worker = new ProcessWorker(session.Study.Definition, DeviceSlot.Cpu(1)[0],
            new ProcessWorkerOptions { Command = ["/bin/sh", "-c", script] });
        await session.RunAsync([worker]);
        Assert.Equal(3, session.Study.Completed.Count);
        Assert.All(session.Study.Trials, t => Assert.Equal([1, 2], t.Values.AsEnumerable()));
    }

    private sealed class ScriptedWorker(DeviceSlot device, Func<TrialAssignment, CancellationToken, AttemptEnd> script) : IWorker
    {
        public string Name => $"scripted/{Device}";

        public DeviceSlot Device { get; } = device;

        public Task WarmUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task<AttemptEnd> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return script(trial, cancellationToken);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class StopOddTrialsAtThree : IScheduler
    {
        public string Name => "test";

        public Decision Decide(IStudyView study, Trial trial) =>
            trial.Number % 2 == 1 && trial.Reports[^1].Step == 3 ? Decision.Stop : Decision.Continue;
    }

    private sealed class DelegateRunner(Func<TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>> run) : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            run(trial, reporter, cancellationToken);
    }
}
