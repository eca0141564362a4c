using AutoPeft.Cli.Sweeps;
using AutoPeft.Orleans;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoPeft.Cli.Cluster;

/// <summary>
/// Submits a study to a cluster and follows it. What the log there says is copied into the sweep's directory as it comes, so that every other command works on it as on any sweep.
/// </summary>
internal static class ClusterSweep
{
    public static async Task RunAsync(ClusterLocation location, string name, string path, StudyDefinition definition, IEnumerable<Configuration> enqueue, RunArguments run, bool detach, CancellationToken cancellationToken)
    {
        using IHost client = await location.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await RunAsync(client.Services.GetRequiredService<global::Orleans.IGrainFactory>(), location, name, path, definition, enqueue, run, detach, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await client.StopAsync(patience.Token).ConfigureAwait(false);
        }
    }

    private static async Task RunAsync(global::Orleans.IGrainFactory grains, ClusterLocation location, string name, string path, StudyDefinition definition, IEnumerable<Configuration> enqueue, RunArguments run, bool detach, CancellationToken cancellationToken)
    {
        // --device says what trials ask for only where it was typed: a cluster may have both kinds.
        var options = new ClusterRunOptions { DeviceKind = run.DeviceTyped ? run.Device : null, TrialTimeout = run.TrialTimeout is { } t ? TimeSpan.FromSeconds(t) : null };
        ClusterStudy study = await ClusterStudy.SubmitAsync(grains, name, definition, enqueue, options, cancellationToken).ConfigureAwait(false);
        if (detach)
        {
            Console.Out.WriteLine($"study '{name}' runs on the cluster in {location}; the same command without --detach follows it.");
            return;
        }
        await using (JournalStore copy = await OpenAsync(path, definition, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await FollowAsync(study, copy, path, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                await StopAsync(study, copy).ConfigureAwait(false);
                await Console.Error.WriteLineAsync($"autopeft: interrupted; study '{name}' is stopped on the cluster, and the same command goes on.").ConfigureAwait(false);
                throw;
            }
        }
        await using SweepFolder folder = await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
        await folder.WriteAsync(CancellationToken.None).ConfigureAwait(false);
        if ((await study.StatusAsync().ConfigureAwait(false)) is { Phase: not StudyPhase.Finished } status)
            throw new InvalidInputException($"study '{name}' is paused on the cluster{(status.Trouble is { } why ? $": {why}" : "")}; the same command goes on.");
    }

    private static async Task FollowAsync(ClusterStudy study, JournalStore copy, string path, CancellationToken cancellationToken)
    {
        var known = new Study();
        await foreach (StudyEvent e in copy.ReadAsync(0, cancellationToken).ConfigureAwait(false)) known.Apply(e);
        DateTimeOffset start = DateTimeOffset.UtcNow;
        using var display = new PlainSweepDisplay(path);
        var slots = new HashSet<string>();
        var busy = TimeSpan.Zero;
        await foreach (StudyEvent e in study.FollowAsync(known.Sequence, Tell, cancellationToken).ConfigureAwait(false))
        {
            if (!await copy.TryAppendAsync(known.Sequence, [e], CancellationToken.None).ConfigureAwait(false)) throw new InvalidInputException($"{path} was changed by another process meanwhile.");
            known.Apply(e);
            if (e is not TrialEvent t) continue;
            Trial trial = known.Trials[t.Number];
            if (e is TrialStarted s) slots.Add($"{s.Worker}/{s.Device}");
            if (e is TrialReported) display.Reported(known, trial);
            if (e is not (TrialCompleted or TrialFailed or TrialPruned or TrialRequeued)) continue;
            if (trial.StartedAt is { } from) busy += e.Time - from;
            display.Ended(known, trial);
        }
        display.Close(known, busy / (Math.Max(1, slots.Count) * (DateTimeOffset.UtcNow - start)));
    }

    private static void Tell(string? trouble)
    {
        if (trouble is not null) Console.Error.WriteLine($"autopeft: {trouble}");
    }

    /// <summary>The directory's copy of the log: as far as an earlier command got, or new.</summary>
    private static async Task<JournalStore> OpenAsync(string path, StudyDefinition definition, CancellationToken cancellationToken)
    {
        string log = Path.Combine(path, SweepFolder.LogName);
        try { Directory.CreateDirectory(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw new InvalidInputException($"{path} cannot be made: {e.Message} Choose another with --out.", e); }
        if (!File.Exists(log)) return await JournalStore.CreateAsync(log, cancellationToken).ConfigureAwait(false);
        JournalStore store = await JournalStore.OpenAsync(log, cancellationToken).ConfigureAwait(false);
        await foreach (StudyEvent e in store.ReadAsync(0, cancellationToken).ConfigureAwait(false))
        {
            if (e is StudyCreated c && c.Definition.IsSameStudyAs(definition)) break;
            await store.DisposeAsync().ConfigureAwait(false);
            throw new InvalidInputException($"{path} has another study already; choose another place with --out.");
        }
        return store;
    }

    /// <summary>Stops the study in the cluster, and takes its last records.</summary>
    private static async Task StopAsync(ClusterStudy study, JournalStore copy)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await study.StopAsync().WaitAsync(patience.Token).ConfigureAwait(false);
            long at = 0;
            await foreach (StudyEvent _ in copy.ReadAsync(0, patience.Token).ConfigureAwait(false)) at++;
            await foreach (StudyEvent e in study.FollowAsync(at, null, patience.Token).ConfigureAwait(false)) await copy.TryAppendAsync(at++, [e], patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) { }
    }
}
