using AutoPeft.Orleans.SharedDirectory;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Tests;

/// <summary>Straight over a grain storage: every store is a writer of its own, as activations on different silos would be.</summary>
public sealed class GrainStorageStoreContractTests : StudyStoreContract
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-storage-").FullName;

    protected override Task<IStudyStore> CreateStoreAsync() => OpenAgainAsync();

    protected override Task<IStudyStore> OpenAgainAsync() =>
        Task.FromResult<IStudyStore>(new GrainStorageStore(new DirectoryGrainStorage(_directory), GrainId.Create("studylog", "a study/with 'odd' name")));

    protected override Task CleanUpAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_long_log_is_kept_in_segments_and_reads_from_anywhere()
    {
        IStudyStore store = await OpenAgainAsync(), other = await OpenAgainAsync();
        var log = new List<StudyEvent> { Log[0], Log[1] };
        Assert.True(await store.TryAppendAsync(0, log, default));
        while (log.Count < 5 * LogSegment.Capacity)
        {
            StudyEvent[] batch = [.. Enumerable.Range(0, 1 + log.Count % 50).Select(i => new TrialRequeued(DateTimeOffset.UnixEpoch, 0, null, $"{log.Count + i}"))];
            // The two take turns, so that each finds segments that the other began.
            Assert.True(await (log.Count % 2 == 0 ? store : other).TryAppendAsync(log.Count, batch, default));
            log.AddRange(batch);
        }
        Assert.InRange(Directory.GetFiles(_directory, "*.json").Length, 4, 6);
        IStudyStore late = await OpenAgainAsync();
        foreach (int from in (int[])[0, 1, 127, 128, 129, 200, 400, log.Count - 1, log.Count, log.Count + 5])
        {
            Assert.Equal(log.Skip(from), await ReadAsync(late, from));
            Assert.Equal(log.Skip(from), await ReadAsync(store, from));
        }
    }

    [Fact]
    public async Task A_writer_that_does_not_know_of_a_new_segment_cannot_append_to_the_old_one()
    {
        IStudyStore stale = await OpenAgainAsync(), current = await OpenAgainAsync();
        StudyEvent[] first = [Log[0], Log[1], .. Enumerable.Range(0, LogSegment.Capacity - 3).Select(i => new TrialRequeued(DateTimeOffset.UnixEpoch, 0, null, $"{i}"))];
        Assert.True(await stale.TryAppendAsync(0, first, default));
        StudyEvent next = new TrialRequeued(DateTimeOffset.UnixEpoch, 0, null, "next"), lost = new TrialRequeued(DateTimeOffset.UnixEpoch, 0, null, "lost");
        Assert.True(await current.TryAppendAsync(first.Length, [next], default));
        Assert.True(await current.TryAppendAsync(first.Length + 1, [next], default));
        Assert.False(await stale.TryAppendAsync(first.Length, [lost], default));
        Assert.Equal([.. first, next, next], await ReadAsync(stale, 0));
    }

    private static async Task<List<StudyEvent>> ReadAsync(IStudyStore store, long from)
    {
        var read = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(from, default)) read.Add(e);
        return read;
    }
}

/// <summary>Through the log's grain, on a silo.</summary>
public sealed class ClusterStudyStoreContractTests : StudyStoreContract, IClassFixture<ClusterStudyStoreContractTests.OneSilo>
{
    private readonly OneSilo _cluster;
    private readonly string _study = Guid.NewGuid().ToString("N");

    public ClusterStudyStoreContractTests(OneSilo cluster) => _cluster = cluster;

    protected override Task<IStudyStore> CreateStoreAsync() => OpenAgainAsync();

    protected override Task<IStudyStore> OpenAgainAsync() => Task.FromResult<IStudyStore>(new ClusterStudyStore(_cluster.Cluster.Grains, _study));

    public sealed class OneSilo : IAsyncLifetime
    {
        internal TestCluster Cluster { get; } = new();

        public Task InitializeAsync() => Cluster.AddSiloAsync([]);

        public Task DisposeAsync() => Cluster.DisposeAsync().AsTask();
    }
}
