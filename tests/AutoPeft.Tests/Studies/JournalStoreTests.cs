using System.Text;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Studies;

public sealed class JournalStoreTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    private string Log => Path.Combine(_directory, "study.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_was_appended_reads_back_the_same_after_reopening()
    {
        byte[] written = await WriteStudyAsync();
        await using JournalStore again = await JournalStore.OpenAsync(Log);
        Study study = Study.Of(await StudyFixture.ReadAllAsync(again));
        Assert.Null(again.Torn);
        Assert.Equal(4, study.Trials.Count);
        Assert.Equal([0.5, 10], study.Trials[0].Values.ToArray());
        Assert.Equal(TrialState.Failed, study.Trials[1].State);
        Assert.Equal(0.25, study.Trials[0].Metrics["seconds"]);
        Assert.Equal(written, await File.ReadAllBytesAsync(Log));
    }

    [Fact]
    public async Task A_log_cut_at_any_byte_of_its_last_three_records_opens_and_drops_only_what_was_torn()
    {
        byte[] whole = await WriteStudyAsync();
        int[] ends = [.. Enumerable.Range(0, whole.Length).Where(i => whole[i] == '\n').Select(i => i + 1)];
        for (int cut = ends[^4]; cut < whole.Length; cut++)
        {
            await File.WriteAllBytesAsync(Log, whole[..cut]);
            await using JournalStore store = await JournalStore.OpenAsync(Log);
            // A record that lacks but its line end is whole.
            int complete = ends.Count(e => e - 1 <= cut);
            Assert.Equal(complete - 1, (await StudyFixture.ReadAllAsync(store)).Count);
            Assert.Equal(ends.Contains(cut) || ends.Contains(cut + 1), store.Torn is null);
            // It goes on from there: the tear is cut off, not written behind.
            await using StudySession session = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
            await session.AskAsync(1);
            await using JournalStore again = await JournalStore.OpenAsync(Log);
            Assert.Null(again.Torn);
            Assert.Equal(complete, (await StudyFixture.ReadAllAsync(again)).Count);
        }
    }

    [Fact]
    public async Task An_append_of_several_records_that_was_torn_is_dropped_whole()
    {
        byte[] whole;
        int kept;
        await using (JournalStore store = await JournalStore.CreateAsync(Log))
        {
            await using StudySession session = await StudyFixture.SessionAsync(store, budget: 10);
            await session.AskAsync(2);
            kept = (int)new FileInfo(Log).Length;
            await session.AskAsync(3);
            whole = await File.ReadAllBytesAsync(Log);
        }
        for (int cut = kept; cut < whole.Length - 1; cut++)
        {
            await File.WriteAllBytesAsync(Log, whole[..cut]);
            await using JournalStore store = await JournalStore.OpenAsync(Log);
            Assert.Equal(cut == kept, store.Torn is null);
            // Asked again, it proposes what it would have: half an ask would have changed the next one's random stream.
            await using StudySession session = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
            Assert.Equal(2, session.Study.Trials.Count);
            if (cut % 50 != 0) continue;
            await session.AskAsync(3);
            Assert.Equal(Study.Of(await WholeAsync()).Trials.Select(t => t.Configuration),
                session.Study.Trials.Select(t => t.Configuration));
        }

        async Task<List<StudyEvent>> WholeAsync()
        {
            string copy = Log + ".whole";
            await File.WriteAllBytesAsync(copy, whole);
            await using JournalStore store = await JournalStore.OpenAsync(copy);
            return await StudyFixture.ReadAllAsync(store);
        }
    }

    [Fact]
    public async Task A_bit_flipped_anywhere_is_reported_with_its_line_and_byte_and_nothing_is_dropped()
    {
        byte[] whole = await WriteStudyAsync();
        using FileStream file = new(Log, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
        void Put(int at, byte value)
        {
            file.Position = at;
            file.WriteByte(value);
            file.Flush();
        }
        for (int at = 0; at < whole.Length; at++)
        {
            int line = whole.AsSpan(0, at).Count((byte)'\n') + 1, start = Array.LastIndexOf(whole, (byte)'\n', Math.Max(0, at - 1)) + 1;
            for (int bit = 0; bit < 8; bit++)
            {
                Put(at, (byte)(whole[at] ^ 1 << bit));
                InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(Log));
                Assert.DoesNotContain('\n', e.Message);
                Assert.Contains($"line {line} (byte {(whole[at] == '\n' && at == whole.Length - 1 ? at : start)})", e.Message,
                    StringComparison.Ordinal);
            }
            Put(at, whole[at]);
        }
        Assert.Equal(whole, await File.ReadAllBytesAsync(Log));
    }

    [Fact]
    public async Task Blocks_of_the_last_append_that_never_reached_the_disk_are_a_tear_and_zeros_amid_the_log_are_damage()
    {
        byte[] whole = await WriteStudyAsync();
        int last = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        byte[] unwritten = (byte[])whole.Clone();
        unwritten.AsSpan(last + 20, 40).Clear();
        await File.WriteAllBytesAsync(Log, unwritten);
        await using (JournalStore store = await JournalStore.OpenAsync(Log))
            Assert.Contains($"byte {last}", store.Torn, StringComparison.Ordinal);
        byte[] lost = (byte[])whole.Clone();
        lost.AsSpan(100, 40).Clear();
        await File.WriteAllBytesAsync(Log, lost);
        Assert.Contains("damaged", (await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(Log))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_of_a_newer_version_and_a_file_of_another_kind_are_refused()
    {
        string json = "{\"format\":\"autopeft-journal\",\"version\":99}";
        await File.WriteAllTextAsync(Log, $"{Crc32C.Of(Encoding.UTF8.GetBytes(json)):x8} {json}\n");
        Assert.Contains("newer", (await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(Log))).Message,
            StringComparison.Ordinal);
        await File.WriteAllTextAsync(Log, "number,value\n1,2\n");
        Assert.Contains("not an AutoPeft study log",
            (await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(Log))).Message, StringComparison.Ordinal);
        Assert.Contains("no study",
            (await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(Path.Combine(_directory, "none.log")))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_study_in_the_same_file_is_refused_and_changes_nothing()
    {
        byte[] before = await WriteStudyAsync();
        await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.CreateAsync(Log));
        Assert.Equal(before, await File.ReadAllBytesAsync(Log));
    }

    [Fact]
    public async Task Two_sessions_on_one_file_share_the_budget_exactly()
    {
        await using JournalStore first = await JournalStore.CreateAsync(Log);
        await using StudySession a = await StudyFixture.SessionAsync(first, budget: 60);
        await using JournalStore second = await JournalStore.OpenAsync(Log);
        await using StudySession b = await SessionSteps.OpenAsync(second, new AutoPeft.Samplers.RandomSampler());
        int[] asked = await Task.WhenAll(Drain(a), Drain(b), Drain(a), Drain(b));
        Assert.Equal(60, asked.Sum());
        await using JournalStore third = await JournalStore.OpenAsync(Log);
        Study study = Study.Of(await StudyFixture.ReadAllAsync(third));
        Assert.Equal(Enumerable.Range(0, 60), study.Trials.Select(t => t.Number));

        static async Task<int> Drain(StudySession session)
        {
            await Task.Yield();
            int n = 0;
            while (await session.AskAsync(1) is { Count: > 0 }) n++;
            return n;
        }
    }

    private async Task<byte[]> WriteStudyAsync()
    {
        await using (JournalStore store = await JournalStore.CreateAsync(Log))
        {
            await using StudySession session = await StudyFixture.SessionAsync(store, budget: 10);
            await session.AskAsync(3);
            await session.TakeWaitingAsync("w", "cpu:0");
            await session.ReportAsync(0, 1,
                System.Collections.Immutable.ImmutableSortedDictionary<string, double>.Empty.Add("loss", double.NaN));
            await session.CompleteAsync(0, [0.5, 10],
                metrics: System.Collections.Immutable.ImmutableSortedDictionary<string, double>.Empty.Add("seconds", 0.25));
            await session.FailAsync(1, "no\nluck");
            await session.AskAsync(1);
        }
        return await File.ReadAllBytesAsync(Log);
    }
}
