using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Running;

public sealed class LocalSweepContractTests : HostContract
{
    protected override Task<IStudyStore> CreateStoreAsync() => Task.FromResult<IStudyStore>(new MemoryStore());

    protected override async Task<RunningHost> StartAsync(HostSetup setup, IStudyStore store)
    {
        StudySession session = await StudySession.OpenAsync(await StudyLog.OpenAsync(store), setup.Policy(setup.Definition));
        IWorker[] workers = [.. DeviceSlot.Cpu(setup.Slots).Select(d => setup.Worker(d, 0))];
        return new Host(session, new LocalSweep(session, new AttemptRunner(workers, setup.Options)));
    }

    private sealed class Host : RunningHost
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly StudySession _session;
        private readonly LocalSweep _sweep;

        public Host(StudySession session, LocalSweep sweep)
        {
            (_session, _sweep) = (session, sweep);
            Completion = sweep.RunAsync(_stop.Token);
        }

        public override Task Completion { get; }

        public override string? EndedBecause => _sweep.EndedBecause;

        public override async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await ((Task)Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _session.DisposeAsync();
        }
    }
}
