using System.Diagnostics;
using AutoPeft.Cli.Diagnosis;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Parquet;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>How a sweep runs on this machine, as typed.</summary>
internal sealed record RunArguments
{
    public int Workers { get; init; } = 1;
    public string Device { get; init; } = "cpu";
    public bool DeviceTyped { get; init; }
    public int? Threads { get; init; }
    public int PerGpu { get; init; } = 1;
    public int GpusPerTrial { get; init; } = 1;
    public double? TrialTimeout { get; init; }
    public double HangTimeout { get; init; } = 600;
    public int Attempts { get; init; } = 3;
    public bool Plain { get; init; }
}

/// <summary>Runs a folder's study to the end of its budget with worker processes, shows the progress, and writes the tables and the report.</summary>
internal static class SweepRun
{
    public static async Task RunAsync(SweepFolder folder, RunArguments a, CancellationToken cancellationToken, bool tables = true)
    {
        if (folder.Torn is { } torn) await Console.Error.WriteLineAsync($"autopeft: {torn}").ConfigureAwait(false);
        StudyDefinition definition = folder.Session.Study.Definition;
        foreach ((string name, string column) in tables ? StudyTables.Renamed(definition) : [])
        {
            await Console.Error.WriteLineAsync($"autopeft: '{name}' is called {column} in the Parquet tables: another name differs only in case.")
                .ConfigureAwait(false);
        }
        var options = new ProcessWorkerOptions
        {
            Command = WorkerCommandLine.Get(),
            LogDirectory = folder.LogDirectory,
            HangTimeout = TimeSpan.FromSeconds(a.HangTimeout),
        };
        using var gpus = new GpuClaims();
        var pool = new DevicePool(Slots(a, gpus));
        var leases = new List<SlotLease>();
        var workers = new List<IWorker>();
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (workers.Count < a.Workers && pool.TryAcquire() is { } lease)
            {
                leases.Add(lease);
                workers.Add(new ProcessWorker(definition, lease.Slot, options));
            }
            using ISweepDisplay display = SweepDisplay.Create(a.Plain, folder.Path);
            var host = new SweepHost(folder.Session, workers, SchedulerCatalog.Create(definition.Scheduler), new SweepOptions
            {
                MaxAttempts = a.Attempts,
                TrialTimeout = a.TrialTimeout is { } t ? TimeSpan.FromSeconds(t) : null,
                TrialDirectory = folder.TrialDirectory,
            }, display);
            try
            {
                await host.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                display.Close(folder.Session.Study, host.Busy / (Stopwatch.GetElapsedTime(start) * workers.Count));
                // What ended the sweep is the news; tables that cannot be written either are not.
                try { if (tables) await folder.WriteAsync(CancellationToken.None).ConfigureAwait(false); }
                catch (InvalidInputException) { }
                if (cancellationToken.IsCancellationRequested) await Console.Error.WriteLineAsync($"autopeft: interrupted; `{folder.ResumeLine}` goes on.").ConfigureAwait(false);
                throw;
            }
            display.Close(folder.Session.Study, host.Busy / (Stopwatch.GetElapsedTime(start) * workers.Count));
            if (tables) await folder.WriteAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            await Task.WhenAll(workers.Select(w => w.DisposeAsync().AsTask())).ConfigureAwait(false);
            foreach (SlotLease lease in leases) lease.Dispose();
        }
    }

    /// <summary>The slots that were asked for; their GPUs are <paramref name="claims"/>' from then on.</summary>
    public static IReadOnlyList<DeviceSlot> Slots(RunArguments a, GpuClaims claims)
    {
        if (a.Workers < 1) throw new InvalidInputException($"--workers takes a whole number from 1, not {a.Workers}.");
        switch (a.Device)
        {
            case "cpu":
                IReadOnlyList<DeviceSlot> slots = DeviceSlot.Cpu(a.Workers);
                return a.Threads is { } threads ? [.. slots.Select(s => s with { Threads = threads })] : slots;
            case "cuda":
                int gpus = Doctor.CudaDevices();
                if (gpus == 0) throw new InvalidInputException("--device cuda: libtorch sees no GPU here; see `autopeft doctor`.");
                IReadOnlyList<DeviceSlot> cuda = DeviceSlot.Cuda(gpus, a.PerGpu, a.GpusPerTrial);
                if (a.Workers > cuda.Count) throw new InvalidInputException($"--workers {a.Workers}: {gpus} GPU(s) give {cuda.Count} slot(s); more trials share a GPU with --per-gpu.");
                DeviceSlot[] ours = [.. cuda.Where(claims.TryClaim).Take(a.Workers)];
                if (ours.Length < a.Workers)
                    throw new InvalidInputException($"--workers {a.Workers}: other processes of this machine run trials on {cuda.Count - ours.Length} of its {cuda.Count} GPU slot(s); wait for them, or ask for {(ours.Length == 0 ? "--device cpu" : $"--workers {ours.Length}")}.");
                return a.Threads is { } each ? [.. ours.Select(s => s with { Threads = each })] : ours;
            default:
                throw new InvalidInputException($"--device {a.Device}: there are cpu and cuda.");
        }
    }
}
