using AutoPeft.Orleans.Hosting;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Orleans.Tests;

/// <summary>A silo in this process, whatever the store.</summary>
public abstract class EmbeddedSiloContract : HostContract
{
    protected override async Task<RunningHost> StartAsync(HostSetup setup, IStudyStore store)
    {
        StudySession session = await StudySession.OpenAsync(await StudyLog.OpenAsync(store), setup.Policy(setup.Definition));
        IWorker[] workers = [.. DeviceSlot.Cpu(setup.Slots).Select(d => setup.Worker(d, 0))];
        return new Host(session, await EmbeddedSilo.StartAsync(session, new AttemptRunner(workers, setup.Options)));
    }

    private sealed class Host(StudySession session, EmbeddedSilo silo) : RunningHost
    {
        public override Task Completion { get; } = silo.Completion;

        public override string? EndedBecause => silo.EndedBecause;

        public override async ValueTask DisposeAsync()
        {
            await silo.DisposeAsync();
            await session.DisposeAsync();
        }
    }
}

public sealed class EmbeddedSiloOnMemoryTests : EmbeddedSiloContract
{
    protected override Task<IStudyStore> CreateStoreAsync() => Task.FromResult<IStudyStore>(new MemoryStore());
}

public sealed class EmbeddedSiloOnJournalTests : EmbeddedSiloContract
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-journal-").FullName;
    private int _journals;

    protected override async Task<IStudyStore> CreateStoreAsync() =>
        await JournalStore.CreateAsync(Path.Combine(_directory, $"{_journals++}.log"));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
