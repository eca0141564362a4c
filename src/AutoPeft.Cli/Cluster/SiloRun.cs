using AutoPeft.Cli.Sweeps;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Running;
using Microsoft.Extensions.Hosting;

namespace AutoPeft.Cli.Cluster;

/// <summary>A silo, as typed.</summary>
internal sealed record SiloArguments
{
    public required ClusterLocation Location { get; init; }
    public required SiloEndpoint Endpoint { get; init; }
    public required IReadOnlyList<DeviceSlot> Slots { get; init; }
    public required TimeSpan HangTimeout { get; init; }
    public string? TrialDirectory { get; init; }
    public string? LogDirectory { get; init; }
}

/// <summary>Runs a silo until it is told to stop.</summary>
internal static class SiloRun
{
    public static async Task RunAsync(SiloArguments a, CancellationToken cancellationToken)
    {
        var worker = new ProcessWorkerOptions { Command = WorkerCommandLine.Get(), LogDirectory = a.LogDirectory, HangTimeout = a.HangTimeout };
        using IHost silo = await a.Location.BuildSiloAsync(a.Endpoint, o =>
        {
            o.Slots = a.Slots;
            o.Worker = (study, slot) => new ProcessWorker(study, slot, worker);
            o.TrialDirectory = a.TrialDirectory;
        }, cancellationToken).ConfigureAwait(false);
        // Orleans has an exception of its own for a start that was cancelled.
        try { await silo.StartAsync(cancellationToken).ConfigureAwait(false); }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is not OperationCanceledException) { throw new OperationCanceledException("The silo was stopped while it started.", e, cancellationToken); }
        Console.Out.WriteLine($"silo ready: {(a.Slots.Count == 0 ? "no device slots" : string.Join(", ", a.Slots))}; cluster in {a.Location}. Ctrl-C leaves.");
        try
        {
            // Orleans ends the silo itself where the others have declared it dead.
            await silo.WaitForShutdownAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) { }
        // Its trials go back to the queue before it leaves; for what hangs there is an end.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await silo.StopAsync(patience.Token).ConfigureAwait(false);
    }
}
