using System.Collections.Concurrent;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Xunit;

namespace AutoPeft.TestKit;

// What a host promises of attempts that do not end well.
public abstract partial class HostContract
{
    [SkippableFact]
    public async Task A_trial_whose_worker_dies_runs_again_with_its_seed_and_fails_when_it_has_lost_three()
    {
        var seeds = new ConcurrentBag<(int Trial, ulong Seed)>();
        var setup = new HostSetup(HostSetup.Branin(8), (slot, _) => new ScriptedWorker(slot, trial =>
        {
            seeds.Add((trial.Number, trial.Seed));
            return trial is { Number: 3, Attempt: 1 } or { Number: 5 } ? new AttemptEnd.LostEnd("killed by signal 9")
                : new AttemptEnd.CompletedEnd(HostSetup.BraninOf(trial));
        }));
        Study study = await RunAsync(setup);
        Assert.Equal((TrialState.Completed, 2, 1), (study.Trials[3].State, study.Trials[3].Attempt, study.Trials[3].Crashes));
        Assert.Equal((TrialState.Failed, 3), (study.Trials[5].State, study.Trials[5].Attempt));
        Assert.Contains("killed by signal 9", study.Trials[5].Error, StringComparison.Ordinal);
        Assert.Equal(7, study.Completed.Count);
        Assert.All(seeds, s => Assert.Equal(StudySession.TrainingSeed(study.Definition, s.Trial), s.Seed));
    }

    [SkippableFact]
    public async Task A_person_may_put_a_running_trial_back_as_often_as_wanted_and_the_result_of_the_last_attempt_counts_alone()
    {
        const int times = 4;
        StudyLog? person = null;
        var late = new ConcurrentBag<int>();
        HostSetup setup = Setup(HostSetup.Branin(4), async (trial, reporter, token) =>
        {
            if (trial.Number != 0 || trial.Attempt > times) return TrialOutcome.Of(trial.Attempt, trial.Number);
            await person!.RefreshAsync(token);
            await person.RequeueAsync(0, "a person thought its worker gone", token);
            try { await reporter.ReportAsync(1, new Dictionary<string, double> { ["loss"] = 1 }, token); }
            catch (OperationCanceledException) { late.Add(trial.Attempt); }
            return TrialOutcome.Of(-trial.Attempt, trial.Number);
        });
        Study study = await RunAsync(setup, log => person = log);
        Assert.Equal((TrialState.Completed, times + 1, 0), (study.Trials[0].State, study.Trials[0].Attempt, study.Trials[0].Crashes));
        Assert.Equal(times + 1, study.Trials[0].Values[0]);
        Assert.Equal(Enumerable.Range(1, times), late.Order());
        Assert.Empty(study.Trials[0].Reports);
    }

    [SkippableFact]
    public async Task A_trial_past_its_time_limit_fails_and_the_next_one_runs()
    {
        HostSetup setup = Setup(HostSetup.Branin(3), async (trial, _, token) =>
        {
            if (trial.Number == 1) await Task.Delay(Timeout.Infinite, token);
            return HostSetup.BraninOf(trial);
        }) with
        { Options = new SweepOptions { TrialTimeout = TimeSpan.FromSeconds(0.3) } };
        Study study = await RunAsync(setup);
        Assert.Equal((TrialState.Failed, 1), (study.Trials[1].State, study.Trials[1].Attempt));
        Assert.StartsWith("took longer than", study.Trials[1].Error, StringComparison.Ordinal);
        Assert.Equal(2, study.Completed.Count);
    }

    [SkippableFact]
    public async Task An_error_of_the_configuration_fails_the_trial_once()
    {
        Study study = await RunAsync(Setup(HostSetup.Branin(3), (trial, _, _) =>
            trial.Number == 0 ? throw new ArithmeticException("loss is NaN") : Task.FromResult(HostSetup.BraninOf(trial))));
        Assert.Equal((TrialState.Failed, 1, "ArithmeticException: loss is NaN"),
            (study.Trials[0].State, study.Trials[0].Attempt, study.Trials[0].Error));
    }

    [SkippableFact]
    public async Task A_trial_that_runs_out_of_memory_beside_others_runs_once_more_alone_on_its_machine()
    {
        int[] inside = new int[Machines];
        bool wasAlone = false;
        var setup = new HostSetup(HostSetup.Branin(16), (slot, machine) => new InProcessWorker(new ScriptedRunner(async (trial, _, token) =>
        {
            Interlocked.Increment(ref inside[machine]);
            try
            {
                if (trial is { Number: 4, Attempt: 1 })
                    throw new InvalidOperationException("CUDA out of memory. Tried to allocate 2.00 GiB");
                for (int i = 0; i < 20; i++)
                {
                    await Task.Yield();
                    if (trial.Number == 4) wasAlone = trial.Alone && Volatile.Read(ref inside[machine]) == 1;
                }
                return HostSetup.BraninOf(trial);
            }
            finally { Interlocked.Decrement(ref inside[machine]); }
        }), slot))
        { Slots = 2 * Machines };
        Study study = await RunAsync(setup);
        Assert.Equal((TrialState.Completed, 2, 0), (study.Trials[4].State, study.Trials[4].Attempt, study.Trials[4].Crashes));
        Assert.True(wasAlone);
        Assert.Equal(16, study.Completed.Count);
    }

    [SkippableFact]
    public async Task A_trial_that_runs_out_of_memory_with_nothing_beside_it_fails_and_says_so()
    {
        Study study = await RunAsync(Setup(HostSetup.Branin(2), (trial, _, _) =>
            trial.Number == 0 ? throw new OutOfMemoryException("no more") : Task.FromResult(HostSetup.BraninOf(trial))) with
        { Slots = 1 });
        Assert.Equal((TrialState.Failed, 1), (study.Trials[0].State, study.Trials[0].Attempt));
        Assert.StartsWith("out of memory", study.Trials[0].Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_machine_on_which_no_worker_lives_leaves_with_one_line_before_it_has_used_up_the_study()
    {
        var setup = new HostSetup(HostSetup.Branin(30), (slot, _) =>
            new ScriptedWorker(slot, _ => new AttemptEnd.LostEnd("libcudart.so.12: cannot open shared object file")));
        IStudyStore store = await StoreAsync(setup);
        RunningHost host = await HostAsync(setup, store);
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => host.Completion.WaitAsync(s_patience));
        Assert.Contains("libcudart.so.12", e.Message, StringComparison.Ordinal);
        await host.DisposeAsync();
        Study broken = await FoldAsync(store);
        Assert.InRange(broken.Trials.Count(t => t.State == TrialState.Failed), 0, 2 * Machines + 2);
        Assert.DoesNotContain(broken.Trials, t => t.State == TrialState.Running);
        // Where that is mended, the study goes on.
        RunningHost mended =
            await HostAsync(setup with
            { Worker = (slot, _) => new ScriptedWorker(slot, t => new AttemptEnd.CompletedEnd(HostSetup.BraninOf(t))) }, store);
        await mended.Completion.WaitAsync(s_patience);
        Study study = await FoldAsync(store);
        Assert.Equal(30, study.Completed.Count + broken.Trials.Count(t => t.State == TrialState.Failed));
    }

    [SkippableTheory]
    [InlineData("in-process/cpu:0")]
    [InlineData("127.0.0.1:11111@12345678/in-process/cpu:0")]
    public async Task What_an_earlier_life_left_running_runs_again_and_that_counts_against_no_trial(string worker)
    {
        HostSetup setup = Setup(HostSetup.Branin(6), (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial)));
        IStudyStore store = await StoreAsync(setup);
        Configuration configuration = setup.Definition.Space.Sample(new Philox(1));
        DateTimeOffset time = DateTimeOffset.UtcNow;
        await store.TryAppendAsync(1, [new TrialProposed(time, 0, configuration, "random", 1, 0, 1),
            new TrialStarted(time, 0, worker, "cpu:0", 1)], default);
        RunningHost host = await HostAsync(setup, store);
        await host.Completion.WaitAsync(s_patience);
        Study study = await FoldAsync(store);
        Assert.Equal((6, 2, 0), (study.Completed.Count, study.Trials[0].Attempt, study.Trials[0].Crashes));
    }
}
