using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Studies;

public sealed class JournalCompactionTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    private string Log => Path.Combine(_directory, "study.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_compacted_log_has_every_record_as_it_was_and_is_much_smaller()
    {
        (List<StudyEvent> before, long size) = await FillAsync(3000);
        await using (JournalStore store = await JournalStore.OpenAsync(Log))
        {
            await store.CompactAsync();
            Assert.Equal(before, await StudyFixture.ReadAllAsync(store));
            Assert.InRange(store.Size, 1, size / 3);
            Assert.Equal(store.Size, new FileInfo(Log).Length);
        }
        await using JournalStore again = await JournalStore.OpenAsync(Log);
        Assert.Null(again.Torn);
        Assert.Equal(before, await StudyFixture.ReadAllAsync(again));
    }

    [Fact]
    public async Task A_compacted_study_goes_on_as_an_uncompacted_one_would_and_can_be_compacted_again()
    {
        await FillAsync(50);
        string copy = Log + ".plain";
        File.Copy(Log, copy);
        await using JournalStore packed = await JournalStore.OpenAsync(Log), plain = await JournalStore.OpenAsync(copy);
        for (int round = 0; round < 3; round++)
        {
            await packed.CompactAsync();
            foreach (JournalStore store in (JournalStore[])[packed, plain])
            {
                await using StudySession session = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
                foreach (Trial t in await session.AskAsync(3)) await session.CompleteAsync(t.Number, [0.5, t.Number]);
            }
        }
        Assert.Equal(Shape(await StudyFixture.ReadAllAsync(plain)), Shape(await StudyFixture.ReadAllAsync(packed)));

        // All but the times.
        static IEnumerable<StudyEvent> Shape(IEnumerable<StudyEvent> log) => log.Select(e => e with { Time = default });
    }

    [Fact]
    public async Task Others_that_have_the_log_open_go_on_over_a_compaction_without_losing_an_append()
    {
        await FillAsync(40);
        await using JournalStore first = await JournalStore.OpenAsync(Log), second = await JournalStore.OpenAsync(Log);
        await using StudySession a = await SessionSteps.OpenAsync(first, new AutoPeft.Samplers.RandomSampler()),
            b = await SessionSteps.OpenAsync(second, new AutoPeft.Samplers.RandomSampler());
        int asked = 0;
        async Task AskAsync(StudySession session)
        {
            await Task.Yield();
            for (int i = 0; i < 20; i++) Interlocked.Add(ref asked, (await session.AskAsync(1)).Count);
        }
        async Task CompactAsync()
        {
            await Task.Yield();
            await using JournalStore third = await JournalStore.OpenAsync(Log);
            for (int i = 0; i < 10; i++) await third.CompactAsync();
        }
        await Task.WhenAll(AskAsync(a), AskAsync(b), CompactAsync());
        Assert.Equal(40, asked);
        await using JournalStore last = await JournalStore.OpenAsync(Log);
        Assert.Null(last.Torn);
        Study study = Study.Of(await StudyFixture.ReadAllAsync(last));
        Assert.Equal(80, study.Trials.Count);
        await a.Log.RefreshAsync();
        Assert.Equal(study.Trials.Select(t => t.Configuration), a.Study.Trials.Select(t => t.Configuration));
    }

    [Fact]
    public async Task A_flipped_bit_in_the_packed_part_is_reported_and_a_torn_end_behind_it_is_dropped()
    {
        await FillAsync(20);
        int packed;
        await using (JournalStore store = await JournalStore.OpenAsync(Log))
        {
            await store.CompactAsync();
            packed = (int)store.Size;
            await using StudySession session = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
            await session.AskAsync(1);
        }
        byte[] whole = await File.ReadAllBytesAsync(Log);
        for (int at = 0; at < packed; at += 3)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[at] ^= 1;
            await File.WriteAllBytesAsync(Log, damaged);
            Assert.Contains("damaged", (await Assert.ThrowsAsync<InvalidInputException>(() => JournalStore.OpenAsync(Log))).Message,
                StringComparison.Ordinal);
        }
        for (int cut = packed + 1; cut < whole.Length - 1; cut++)
        {
            await File.WriteAllBytesAsync(Log, whole[..cut]);
            await using JournalStore store = await JournalStore.OpenAsync(Log);
            Assert.NotNull(store.Torn);
            Assert.Equal(20, Study.Of(await StudyFixture.ReadAllAsync(store)).Trials.Count);
        }
    }

    [Fact]
    public async Task A_log_long_enough_to_be_read_on_all_cores_reads_back_in_order()
    {
        (List<StudyEvent> before, _) = await FillAsync(4000);
        await using JournalStore store = await JournalStore.OpenAsync(Log);
        Assert.Equal(before, await StudyFixture.ReadAllAsync(store));
    }

    [Fact]
    public void The_fast_reader_reads_what_the_careful_one_reads()
    {
        foreach (StudyEvent e in StudyStoreContract.Log)
        {
            var json = new System.Buffers.ArrayBufferWriter<byte>();
            EventJson.Write(json, e);
            Assert.Equal(e, EventReader.Read(json.WrittenMemory, StudyStoreContract.Definition));
            Assert.Equal(EventJson.Read(json.WrittenMemory, StudyStoreContract.Definition),
                EventReader.Read(json.WrittenMemory, StudyStoreContract.Definition));
        }
    }

    [Theory]
    [InlineData("""{"event":"started","time":"2025-01-01T00:00:00Z","trial":0,"worker":"w","device":"d"}""")]
    [InlineData("""{"event":"completed","time":"2025-01-01T00:00:00Z","trial":0,"values":["many"]}""")]
    [InlineData("""{"event":"surprise","time":"2025-01-01T00:00:00Z","trial":0}""")]
    [InlineData("""{"event":"proposed","time":"2025-01-01T00:00:00Z","trial":0,"params":{"lr":1},"source":"x","seen":1,"batch":"""
        + """0,"batch_size":1}""")]
    public void What_is_wrong_with_a_record_is_said_in_one_line(string json)
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(
            () => EventReader.Read(System.Text.Encoding.UTF8.GetBytes(json), StudyFixture.Definition()));
        Assert.DoesNotContain('\n', e.Message);
    }

    /// <summary>Trials in every state.</summary>
    private async Task<(List<StudyEvent> Log, long Size)> FillAsync(int trials)
    {
        await using JournalStore store = await JournalStore.CreateAsync(Log);
        await using (StudySession session = await StudyFixture.SessionAsync(store)) await session.AskAsync(trials);
        List<StudyEvent> log = await StudyFixture.ReadAllAsync(store);
        var more = new List<StudyEvent>();
        for (int n = 0; n < trials; n++)
        {
            DateTimeOffset time = log[^1].Time.AddSeconds(n);
            more.Add(new TrialStarted(time, n, "host/cpu:0", "cpu:0", 1));
            if (n % 3 == 0)
                more.Add(new TrialReported(time, n, null, 1,
                    System.Collections.Immutable.ImmutableSortedDictionary<string, double>.Empty.Add("loss", n / 7.0)));
            if (n % 10 == 9) more.Add(new TrialFailed(time, n, null, "no luck"));
            else if (n % 10 == 8) more.Add(new TrialRequeued(time, n, null, "its worker is gone"));
            else
                more.Add(new TrialCompleted(time, n, null, [n / 3.0, n], [],
                    System.Collections.Immutable.ImmutableSortedDictionary<string, double>.Empty));
        }
        Assert.True(await store.TryAppendAsync(log.Count, more, default));
        return (await StudyFixture.ReadAllAsync(store), store.Size);
    }
}
