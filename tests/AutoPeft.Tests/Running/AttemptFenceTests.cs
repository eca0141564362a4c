using System.Collections.Concurrent;
using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests.Running;

/// <summary>
/// Exactly once: whatever workers say in whatever order, late, twice or through two writers, each trial's result counts once, and is the
/// one of the attempt that was current when it came. The value of a result says which attempt computed it, so the log alone convicts.
/// </summary>
public class AttemptFenceTests
{
    private static readonly ImmutableSortedDictionary<string, double> s_none = ImmutableSortedDictionary<string, double>.Empty;
    private static readonly SearchSpace s_space = SearchSpace.Build(s => s.Float("x", 0, 1));

    private static StudyDefinition Definition(int budget) =>
        new(s_space, [Objective.Minimize("attempt")]) { Budget = budget, Sampler = "random" };

    [Fact]
    public async Task What_a_failed_attempt_says_after_a_person_had_the_trial_retried_is_refused()
    {
        await using StudySession session = await SessionSteps.CreateAsync(Definition(1), new RandomSampler(), new MemoryStore());
        await session.AskAsync(1);
        AttemptId first = await session.StartAsync(0, "w", "cpu:0");
        Assert.True((await session.EndAsync(first, new AttemptEnd.FailedEnd("no space left"))).Counts);
        await Assert.ThrowsAsync<InvalidInputException>(() => session.Log.RetryAsync(1));
        Assert.Equal(1, await session.Log.RetryFailedAsync());
        Assert.Equal((TrialState.Waiting, 1, 0),
            (session.Study.Trials[0].State, session.Study.PendingCount, await session.Log.RetryFailedAsync()));
        Assert.False((await session.EndAsync(first, new AttemptEnd.CompletedEnd(TrialOutcome.Of(1)))).Counts);
        Assert.Null(await session.ReportAsync(first, 1, s_none));
        Assert.Contains("superseded", ((Study)session.Study).Refuses(new TrialCompleted(DateTimeOffset.UnixEpoch, 0, 1, [1], [], s_none)),
            StringComparison.Ordinal);
        AttemptId second = await session.StartAsync(0, "w", "cpu:0");
        Assert.True(second.Attempt > first.Attempt);
        Assert.True((await session.EndAsync(second, new AttemptEnd.CompletedEnd(TrialOutcome.Of(2)))).Counts);
        Assert.Equal((TrialState.Completed, 2.0), (session.Study.Trials[0].State, session.Study.Trials[0].Values[0]));
        Assert.Contains("a failed trial can be retried",
            (await Assert.ThrowsAsync<InvalidInputException>(() => session.Log.RetryAsync(0))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slot_that_took_a_requeued_trial_while_the_sampler_thought_for_it_runs_no_second_one()
    {
        using var sampler = new SlowSampler();
        await using StudySession session = await SessionSteps.CreateAsync(Definition(2), sampler, new MemoryStore());
        DeviceSlot device = DeviceSlot.Cpu(1)[0];
        sampler.Release(1);
        Assert.Equal(0, (await session.NextAsync("a", device, Timeout.InfiniteTimeSpan)).Trial!.Number);
        // The slot's patience is over while the sampler thinks; a trial is put back meanwhile, and the slot takes that.
        Assert.Null((await session.NextAsync("b", device, TimeSpan.FromMilliseconds(50))).Trial);
        await sampler.IsThinkingAsync(2);
        await session.Log.RequeueAsync(0, "its machine left");
        Assert.Equal(0, (await session.NextAsync("b", device, Timeout.InfiniteTimeSpan)).Trial!.Number);
        sampler.Release(1);
        await session.SettleAsync();
        Assert.Equal([TrialState.Running, TrialState.Waiting], session.Study.Trials.Select(t => t.State));
        // Nobody is lost: another slot takes it.
        Assert.Equal(1, (await session.NextAsync("c", device, Timeout.InfiniteTimeSpan)).Trial!.Number);
    }

    [Fact]
    public async Task A_slot_that_left_while_the_sampler_thought_for_another_one_too_is_given_no_trial()
    {
        using var sampler = new SlowSampler();
        await using StudySession session = await SessionSteps.CreateAsync(Definition(3), sampler, new MemoryStore());
        DeviceSlot device = DeviceSlot.Cpu(1)[0];
        Task<NextTrial> first = session.NextAsync("a", device, Timeout.InfiniteTimeSpan);
        await sampler.IsThinkingAsync(1);
        using var left = new CancellationTokenSource();
        Task<NextTrial>[] others = [session.NextAsync("b", device, Timeout.InfiniteTimeSpan, left.Token),
            session.NextAsync("c", device, Timeout.InfiniteTimeSpan)];
        await Task.Delay(200);
        sampler.Release(1);
        Assert.Equal(0, (await first).Trial!.Number);
        await sampler.IsThinkingAsync(2);
        await left.CancelAsync();
        sampler.Release(9);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => others[0]);
        Assert.NotNull((await others[1]).Trial);
        await session.SettleAsync();
        Assert.Equal(["a", "c"], session.Study.Trials.Where(t => t.State == TrialState.Running).Select(t => t.Worker).Order());
    }

    [Fact]
    public async Task A_finished_study_takes_more_trials_an_enqueued_one_too_and_no_fewer_than_it_made()
    {
        await using StudySession session = await SessionSteps.CreateAsync(Definition(2), new RandomSampler(), new MemoryStore());
        Assert.Equal(2, (await session.AskAsync(9)).Count);
        Assert.Empty(await session.AskAsync(1));
        Assert.True(await session.Log.SetBudgetAsync(4));
        Assert.False(await session.Log.SetBudgetAsync(4));
        Assert.Equal(2, (await session.AskAsync(9)).Count);
        Assert.Equal(4, (await session.Log.EnqueueAsync(s_space.FromCodes([0.5]))).Number);
        Assert.Equal(5, session.Study.Definition.Budget);
        Assert.Contains("has made 5", (await Assert.ThrowsAsync<InvalidInputException>(() => session.Log.SetBudgetAsync(4))).Message,
            StringComparison.Ordinal);
        Assert.Equal(5, session.Study.Definition.Budget);
        // A list is a plan, and a plan that does not fit is refused.
        await Assert.ThrowsAsync<InvalidInputException>(() => session.Log.EnqueueMissingAsync([s_space.FromCodes([0.25])]));
    }

    [Fact]
    public void In_any_interleaving_of_what_attempts_say_the_fold_takes_only_what_the_current_attempt_says() =>
        Prop.ForAll(ArbMap.Default.ArbFor<uint>(), (uint seed) =>
        {
            var random = new Random(unchecked((int)seed));
            const int trials = 3;
            var study = Study.Of([new StudyCreated(DateTimeOffset.UnixEpoch, Definition(trials))]);
            for (int n = 0; n < trials; n++) study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, n, s_space.FromCodes([0.1 * n]),
                "random", study.Sequence, n, 1));
            // What the fold is to know, kept by hand: the attempt that runs (null for none), the last that started, whether there is a
            // result.
            var model = Enumerable.Range(0, trials).Select(_ => (Runs: false, Attempt: 0, Ended: false)).ToArray();
            var said = new List<AttemptEvent>();
            for (int turn = 0; turn < 120; turn++)
            {
                int n = random.Next(trials);
                if (random.Next(6) == 0)
                {
                    var retry = new TrialRetried(DateTimeOffset.UnixEpoch, n);
                    bool failed = study.Trials[n].State == TrialState.Failed;
                    Assert.Equal(failed, study.Refuses(retry) is null);
                    if (!failed) continue;
                    study.Apply(retry);
                    // The retry takes an attempt number for itself: nothing that any attempt said before can follow it.
                    model[n] = (false, model[n].Attempt + 1, false);
                    continue;
                }
                if (random.Next(3) == 0)
                {
                    var start = new TrialStarted(DateTimeOffset.UnixEpoch, n, "w", "cpu:0", model[n].Attempt + 1);
                    bool may = !model[n].Runs && !model[n].Ended;
                    Assert.Equal(may, study.Refuses(start) is null);
                    if (!may) continue;
                    study.Apply(start);
                    model[n] = (true, start.Attempt, false);
                    continue;
                }
                // Any attempt that ever was may speak now, and say again what was said before.
                AttemptEvent e = said.Count > 0 && random.Next(4) == 0 ? said[random.Next(said.Count)]
                    : Said(random, n, random.Next(model[n].Attempt + 1), turn);
                said.Add(e);
                n = e.Number;
                // A trial that nobody started has no attempt; its result may be told all the same (attempt 0), as ask-tell does.
                bool current = e.Attempt == model[n].Attempt && !model[n].Ended;
                if (!current) Assert.NotNull(study.Refuses(e));
                if (study.Refuses(e) is not null) continue;
                study.Apply(e);
                if (e is TrialCompleted or TrialFailed or TrialPruned) model[n] = (false, model[n].Attempt, true);
                if (e is TrialRequeued) model[n].Runs = false;
                Assert.Equal(model[n].Ended, study.Trials[n].HasEnded);
            }
            Assert.All(study.Completed, t => Assert.Equal(t.Attempt, t.Values[0]));
            Assert.All(study.Trials, t => Assert.All(t.Reports, r => Assert.Equal(r.Attempt, r.Metrics["attempt"])));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Two_writers_on_one_store_give_every_trial_one_result_however_often_and_late_ends_are_delivered()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            const int trials = 16;
            var store = new MemoryStore();
            await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, Definition(trials))], default);
            await using StudySession one = await OpenAsync(store), two = await OpenAsync(store);
            StudySession[] writers = [one, two];
            var counted = new ConcurrentBag<AttemptId>();
            await Task.WhenAll(Enumerable.Range(0, 4).Select(w =>
                Task.Run(() => WorkAsync(writers, w, new Random(100 * seed + w), counted))));
            List<StudyEvent> log = await Studies.StudyFixture.ReadAllAsync(store);
            var study = Study.Of(log);
            Assert.Equal((trials, trials), (study.Trials.Count, study.Completed.Count));
            Assert.Equal(trials, log.OfType<TrialCompleted>().Count());
            Assert.All(study.Completed, t => Assert.Equal(t.Attempt, t.Values[0]));
            // Whoever was told that the attempt counts had the one that does.
            Assert.All(counted, id => Assert.Equal(study.Trials[id.Trial].Attempt, id.Attempt));
            Assert.Equal(trials, counted.Distinct().Count());
        }
    }

    [Fact]
    public async Task Two_writers_that_ask_report_and_end_at_once_lose_none_of_each_others_records()
    {
        const int trials = 40;
        var store = new MemoryStore();
        await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, Definition(trials))], default);
        await using StudySession one = await OpenAsync(store), two = await OpenAsync(store);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            StudySession mine = w % 2 == 0 ? one : two;
            while (await mine.NextAsync($"w{w}", Slot, Timeout.InfiniteTimeSpan) is { IsFinished: false } next)
            {
                if (next.Trial is not { } trial) continue;
                for (int step = 1; step <= 3; step++)
                    for (int again = 0; again < 2; again++)
                        Assert.NotNull(await mine.ReportAsync(trial.Id, step, s_none.Add("attempt", trial.Attempt)));
                Assert.True((await mine.EndAsync(trial.Id, new AttemptEnd.CompletedEnd(TrialOutcome.Of(trial.Attempt)))).Counts);
            }
        })));
        var study = Study.Of(await Studies.StudyFixture.ReadAllAsync(store));
        Assert.Equal((trials, trials), (study.Trials.Count, study.Completed.Count));
        Assert.All(study.Trials, t => Assert.Equal([1, 2, 3], t.Reports.Select(r => r.Step)));
        Assert.All(study.Trials, t => Assert.Equal(1, t.Attempt));
    }

    private static DeviceSlot Slot { get; } = DeviceSlot.Cpu(1)[0];

    /// <summary>
    /// A worker whose calls go to either writer; its attempts are interrupted behind its back now and then, and it delivers its results
    /// late and several times.
    /// </summary>
    private static async Task WorkAsync(StudySession[] writers, int worker, Random random, ConcurrentBag<AttemptId> counted)
    {
        StudySession Any() => writers[random.Next(writers.Length)];
        var late = new List<AttemptId>();
        while (await Any().NextAsync($"w{worker}", Slot, TimeSpan.FromSeconds(5)) is { IsFinished: false } next)
        {
            if (next.Trial is not { } trial) continue;
            if (random.Next(3) == 0)
            {
                await Any().EndAsync(trial.Id, new AttemptEnd.InterruptedEnd("its silo was thought dead"));
                late.Add(trial.Id);
            }
            else await TellAsync(trial.Id, 1 + random.Next(3));
            if (late.Count > 0 && random.Next(2) == 0) await TellAsync(late[random.Next(late.Count)], 1);
        }
        foreach (AttemptId id in late) await TellAsync(id, 1);

        async Task TellAsync(AttemptId id, int times)
        {
            for (int i = 0; i < times; i++)
                if ((await Any().EndAsync(id, new AttemptEnd.CompletedEnd(TrialOutcome.Of(id.Attempt)))).Counts) counted.Add(id);
        }
    }

    private static async Task<StudySession> OpenAsync(IStudyStore store) =>
        await StudySession.OpenAsync(await StudyLog.OpenAsync(store), StudyPolicy.Of(new RandomSampler()));

    private static AttemptEvent Said(Random random, int number, int attempt, int step) => random.Next(5) switch
    {
        0 => new TrialCompleted(DateTimeOffset.UnixEpoch, number, attempt, [attempt], [], s_none),
        1 => new TrialReported(DateTimeOffset.UnixEpoch, number, attempt, step, s_none.Add("attempt", attempt)),
        2 => new TrialRequeued(DateTimeOffset.UnixEpoch, number, attempt, "lost"),
        3 => new TrialFailed(DateTimeOffset.UnixEpoch, number, attempt, "error"),
        _ => new TrialPruned(DateTimeOffset.UnixEpoch, number, attempt, step),
    };

    /// <summary>Random search that thinks until it is let go on.</summary>
    private sealed class SlowSampler : ISampler, IDisposable
    {
        private readonly RandomSampler _random = new();
        private readonly SemaphoreSlim _go = new(0);
        private int _asked;

        public string Name => "random";

        public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _asked);
            _go.Wait(cancellationToken);
            return _random.Propose(study, count, random, cancellationToken);
        }

        public void Release(int asks) => _go.Release(asks);

        public async Task IsThinkingAsync(int asked)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Volatile.Read(ref _asked) < asked) await Task.Delay(5, patience.Token);
        }

        public void Dispose() => _go.Dispose();
    }
}
