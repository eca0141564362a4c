using AutoPeft.Running;
using AutoPeft.Studies;
using Xunit;

namespace AutoPeft.TestKit;

// What a host promises to the person whose study it runs.
public abstract partial class HostContract
{
    [SkippableFact]
    public async Task A_held_study_starts_nothing_until_a_person_lets_it_go_on()
    {
        StudyLog? person = null;
        int started = 0;
        HostSetup setup = Setup(HostSetup.Branin(10), async (trial, _, token) =>
        {
            Interlocked.Increment(ref started);
            if (trial.Number == 3) await person!.PauseStudyAsync("lunch", token);
            return HostSetup.BraninOf(trial);
        });
        Task<Study> running = RunAsync(setup with { Slots = 1 }, log => person = log);
        while (person is null || !await person.ReadAsync(s => s is { IsPaused: true, PendingCount: 0 }))
        {
            if (person is not null) await person.WaitForChangeAsync(person.Length, TimeSpan.FromSeconds(0.2));
            else await Task.Yield();
        }
        // The slot asks again and again meanwhile.
        await Task.Delay(100);
        Assert.Equal(4, Volatile.Read(ref started));
        Assert.False(running.IsCompleted);
        await person.ResumeStudyAsync();
        Assert.Equal(10, (await running).Completed.Count);
    }

    [SkippableFact]
    public async Task A_study_that_a_person_gives_more_trials_while_it_runs_goes_on_to_them()
    {
        StudyLog? person = null;
        HostSetup setup = Setup(HostSetup.Branin(6), async (trial, _, token) =>
        {
            if (trial.Number == 3) await person!.SetBudgetAsync(11, token);
            return HostSetup.BraninOf(trial);
        });
        Study study = await RunAsync(setup, log => person = log);
        Assert.Equal((11, 11, 11), (study.Definition.Budget, study.Trials.Count, study.Completed.Count));
        Assert.All(study.Trials, t => Assert.Equal(1, t.Attempt));
    }

    [SkippableFact]
    public async Task A_failed_trial_that_a_person_retries_runs_once_more_as_another_attempt()
    {
        StudyLog? person = null;
        int failed = 0;
        HostSetup setup = Setup(HostSetup.Branin(6), async (trial, _, token) =>
        {
            if (trial.Number == 2 && Interlocked.Increment(ref failed) == 1) throw new ArithmeticException("once");
            if (trial.Number == 4) await person!.RetryAsync(2, token);
            return HostSetup.BraninOf(trial);
        });
        Study study = await RunAsync(setup with { Slots = 1 }, log => person = log);
        Assert.Equal((6, 6), (study.Trials.Count, study.Completed.Count));
        Assert.True(study.Trials[2].Attempt > 1);
        Assert.Equal(2, failed);
    }

    [SkippableFact]
    public async Task A_host_that_is_stopped_puts_its_trials_back_and_the_next_one_goes_on_to_the_same_trials()
    {
        var reached = new TaskCompletionSource();
        int life = 1;
        HostSetup setup = Setup(HostSetup.Branin(14), async (trial, _, token) =>
        {
            if (Volatile.Read(ref life) == 1 && trial.Number == 7)
            {
                reached.SetResult();
                await Task.Delay(Timeout.Infinite, token);
            }
            return HostSetup.BraninOf(trial);
        }) with
        { Slots = 1 };
        IStudyStore store = await StoreAsync(setup);
        RunningHost first = await HostAsync(setup, store);
        await reached.Task.WaitAsync(s_patience);
        await first.DisposeAsync();
        Study stopped = await FoldAsync(store);
        Assert.Equal((7, TrialState.Waiting, 0), (stopped.Completed.Count, stopped.Trials[7].State, stopped.Trials[7].Crashes));
        Interlocked.Increment(ref life);
        RunningHost second = await HostAsync(setup, store);
        await second.Completion.WaitAsync(s_patience);
        Study study = await FoldAsync(store);
        Assert.Equal((14, 2), (study.Completed.Count, study.Trials[7].Attempt));
        Study whole = await RunAsync(Setup(setup.Definition, (trial, _, _) => Task.FromResult(HostSetup.BraninOf(trial))) with
        { Slots = 1 });
        Assert.Equal(whole.Trials.Select(t => (t.Configuration, t.Values[0])), study.Trials.Select(t => (t.Configuration, t.Values[0])));
    }
}
