using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Studies;

public sealed class JournalSharingTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    private string Log => Path.Combine(_directory, "study.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task One_program_runs_a_journal_and_the_next_is_refused_with_a_line()
    {
        await using JournalStore second = await JournalStore.OpenOrCreateAsync(Log);
        await using (JournalStore first = await JournalStore.OpenOrCreateAsync(Log))
        {
            first.Own();
            InvalidInputException e = Assert.Throws<InvalidInputException>(second.Own);
            Assert.Contains($"{Log} is being run by another program", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
            // Others may look and append.
            await using StudySession session = await StudyFixture.SessionAsync(second, budget: 3);
            await using JournalStore third = await JournalStore.LookAsync(Log);
            Assert.Single(await StudyFixture.ReadAllAsync(third));
        }
        second.Own();
        second.Own();
    }

    [Fact]
    public async Task A_second_sweep_on_one_journal_is_refused_and_takes_no_trial_of_the_first()
    {
        var running = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        SweepBuilder<Configuration> Builder() =>
            AutoPeft.Running.Sweep.Over(StudyFixture.Space).Maximize("accuracy").Sampler("random").Trials(2).Journal(Log);
        Task<SweepResult<Configuration>> first = Builder().RunAsync(async (_, _, _) =>
        {
            running.TrySetResult();
            await goOn.Task;
            return [1.0];
        });
        await running.Task;
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => Builder().RunAsync(_ => [2.0]));
        Assert.Contains("is being run by another program", e.Message, StringComparison.Ordinal);
        goOn.SetResult();
        Assert.All((await first).Study.Trials, t => Assert.Equal(1, t.Values[0]));
        await using JournalStore store = await JournalStore.LookAsync(Log);
        Assert.DoesNotContain(await StudyFixture.ReadAllAsync(store), r => r is TrialRequeued);
    }

    [Fact]
    public async Task Looking_needs_no_lock_and_leaves_no_file_behind()
    {
        await using (JournalStore store = await JournalStore.CreateAsync(Log))
        {
            await using StudySession session = await StudyFixture.SessionAsync(store, budget: 9);
            await session.AskAsync(2);
        }
        File.Delete(Log + ".lock");
        FileAttributes before = File.GetAttributes(Log);
        File.SetAttributes(Log, before | FileAttributes.ReadOnly);
        await using (JournalStore looking = await JournalStore.LookAsync(Log))
            Assert.Equal(3, (await StudyFixture.ReadAllAsync(looking)).Count);
        Assert.Equal([Log], Directory.GetFiles(_directory));
        File.SetAttributes(Log, before);
        // Not even while somebody appends.
        using JournalLock held = JournalLock.Take(Log + ".lock");
        await using JournalStore again = await JournalStore.LookAsync(Log);
        Assert.Equal(3, (await StudyFixture.ReadAllAsync(again)).Count);
    }

    [Fact]
    public async Task A_store_that_was_opened_to_look_follows_and_appends_when_asked()
    {
        await using JournalStore store = await JournalStore.CreateAsync(Log);
        await using StudySession session = await StudyFixture.SessionAsync(store, budget: 9);
        await using JournalStore looking = await JournalStore.LookAsync(Log);
        await using StudySession watching = await SessionSteps.OpenAsync(looking, new AutoPeft.Samplers.RandomSampler());
        await session.AskAsync(2);
        await watching.Log.RefreshAsync();
        Assert.Equal(2, watching.Study.Trials.Count);
        await watching.Log.PauseStudyAsync("lunch");
        await session.Log.RefreshAsync();
        Assert.True(session.Study.IsPaused);
    }

    [Fact]
    public async Task A_journal_in_a_folder_that_does_not_exist_makes_the_folder()
    {
        string log = Path.Combine(_directory, "new", "deep", "study.log");
        await using JournalStore store = await JournalStore.CreateAsync(log);
        Assert.True(store.IsEmpty);
        // One that cannot be made says so, and not that there is no study.
        string under = Path.Combine(log, "study.log");
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.CreateAsync(under));
        Assert.StartsWith($"{under} cannot be made: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("There is no study at",
            (await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(under))).Message, StringComparison.Ordinal);
    }
}
