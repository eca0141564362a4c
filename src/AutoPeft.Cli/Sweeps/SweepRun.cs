using System.Diagnostics;
using AutoPeft.Catalogs;
using AutoPeft.Cli.Terminal;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Parquet;
using AutoPeft.Peft.Tasks;
using AutoPeft.Postgres;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// Runs a folder's study to its end with worker processes, shows the progress, and writes the tables and the report. The study's grains are
/// in this process, or in the cluster of the store that machines share.
/// </summary>
internal static class SweepRun
{
    /// <summary>Takes the slots that <paramref name="a"/> asks for, and runs the study on them.</summary>
    public static async Task RunAsync(SweepFolder folder, RunArguments a, CancellationToken cancellationToken, bool tables = true)
    {
        using MachineSlots slots = MachineSlots.Take(a);
        await RunAsync(folder, a, slots, cancellationToken, tables).ConfigureAwait(false);
    }

    /// <summary>Runs the study on slots that were taken before.</summary>
    /// <returns>The command's exit code: 1 where trials ended and every one of them failed.</returns>
    public static async Task<int> RunAsync(SweepFolder folder, RunArguments a, MachineSlots slots, CancellationToken cancellationToken,
        bool tables = true)
    {
        if (folder.Torn is { } torn) await Console.Error.WriteLineAsync($"autopeft: {torn}").ConfigureAwait(false);
        StudyDefinition definition = folder.Log.Study.Definition;
        SweepProblem problem = SweepProblem.Of(definition);
        foreach ((string name, string column) in tables ? StudyTables.Renamed(definition) : [])
            await Console.Error.WriteLineAsync(
                $"autopeft: '{name}' is called {column} in the Parquet tables: another name differs only in case.").ConfigureAwait(false);
        // Kind, classes, counts, and which examples serve as test: part of what the tables will say.
        foreach (string task in problem is TrainingProblem trains ? trains.TrainedTasks() : [])
            Console.Out.WriteLine(TaskCatalog.Resolve(task).Summary);
        RecordedRun.Write(folder.Path, a);
        ProcessWorkerOptions options = new()
        {
            Command = problem.WorkerProgram() ?? WorkerCommandLine.Get(),
            LogDirectory = folder.LogDirectory,
            HangTimeout = TimeSpan.FromSeconds(a.HangTimeout),
        };
        ProcessWorker[] workers = [.. slots.Slots.Select(slot => new ProcessWorker(definition, slot, options))];
        try
        {
            var runner = new AttemptRunner(workers, new SweepOptions
            {
                TrialTimeout = a.TrialTimeout is { } t ? TimeSpan.FromSeconds(t) : null,
                TrialDirectory = folder.TrialDirectory,
                Logger = new TerminalLogger(),
            });
            await ShowAsync(folder, a, runner, tables, cancellationToken).ConfigureAwait(false);
        }
        finally { await Task.WhenAll(workers.Select(w => w.DisposeAsync().AsTask())).ConfigureAwait(false); }
        IScheduler scheduler = SchedulerCatalog.Create(definition.Scheduler);
        string? idle = await folder.Log.ReadAsync(s => IdleScheduler.Because(s, scheduler), cancellationToken).ConfigureAwait(false);
        if (idle is not null) await Console.Error.WriteLineAsync($"autopeft: {idle}").ConfigureAwait(false);
        TrialFailures failures = await folder.Log.ReadAsync(TrialFailures.Of, cancellationToken).ConfigureAwait(false);
        foreach (string line in failures.Lines) await Console.Error.WriteLineAsync($"autopeft: {line}").ConfigureAwait(false);
        return failures.AllFailed ? CommandLine.EveryTrialFailed : 0;
    }

    private static async Task WriteAsync(SweepFolder folder, ISweepDisplay display)
    {
        await folder.WriteAsync(CancellationToken.None).ConfigureAwait(false);
        display.Wrote();
    }

    private static async Task ShowAsync(SweepFolder folder, RunArguments a, AttemptRunner runner, bool tables,
        CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using ISweepDisplay display = SweepDisplay.Create(a.Plain, folder.Path);
        folder.Log.Observe(display);
        string? because;
        try
        {
            because = folder.Place is { } place
                ? await JoinAsync(folder, place, a.Attempts, runner, cancellationToken).ConfigureAwait(false)
                : await EmbedAsync(folder, a.Attempts, runner, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            folder.Log.Observe(null);
            display.Close(folder.Log.Study, Busy());
            // What ended the sweep is the news; tables that cannot be written either are not.
            try { if (tables) await WriteAsync(folder, display).ConfigureAwait(false); }
            catch (Exception e) when (e is InvalidInputException or IOException or UnauthorizedAccessException) { }
            if (cancellationToken.IsCancellationRequested)
                await Console.Error.WriteLineAsync($"autopeft: interrupted; `{folder.ResumeLine}` goes on.").ConfigureAwait(false);
            throw;
        }
        folder.Log.Observe(null);
        display.Close(folder.Log.Study, Busy());
        if (because is not null) new ProgressOutput().Show(() => Console.Out.WriteLine($"Ended early: {because}."));
        if (tables) await WriteAsync(folder, display).ConfigureAwait(false);

        double Busy() => runner.Busy / (Stopwatch.GetElapsedTime(start) * runner.Workers.Count);
    }

    /// <summary>Runs the study on grains of this process.</summary>
    private static async Task<string?> EmbedAsync(SweepFolder folder, int attempts, AttemptRunner runner,
        CancellationToken cancellationToken)
    {
        await using StudySession session = await StudySession.OpenAsync(folder.Log, SweepPolicy.Of(folder.Log.Study.Definition, attempts),
            cancellationToken).ConfigureAwait(false);
        await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(session, runner, cancellationToken).ConfigureAwait(false);
        await silo.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
        return silo.EndedBecause;
    }

    /// <summary>Runs the study together with the other machines of its store.</summary>
    private static async Task<string?> JoinAsync(SweepFolder folder, StoreArguments place, int attempts, AttemptRunner runner,
        CancellationToken cancellationToken)
    {
        using var following = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task follow = FollowAsync(folder.Log, following.Token);
        try
        {
            await using ClusterSilo silo = await ClusterSilo.StartAsync(new ClusterSiloOptions
            {
                ConnectionString = place.Address.ConnectionString,
                Study = place.Study,
                OpenStore =
                    async token => await PostgresStore.OpenAsync(place.Address, place.Study, place.Options, token).ConfigureAwait(false),
                Policy = definition => SweepPolicy.Of(definition, attempts),
                Runner = runner,
                Endpoint = place.Endpoint,
                Certificate = place.Certificate,
                Notice = line => Console.Error.WriteLine($"autopeft: {line}"),
            }, cancellationToken).ConfigureAwait(false);
            await silo.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
            await folder.Log.RefreshAsync(cancellationToken).ConfigureAwait(false);
            return silo.EndedBecause;
        }
        finally
        {
            await following.CancelAsync().ConfigureAwait(false);
            await follow.ConfigureAwait(false);
        }
    }

    /// <summary>Takes in what the other machines append, for the display.</summary>
    private static async Task FollowAsync(StudyLog log, CancellationToken cancellationToken)
    {
        try
        {
            while (true) await log.WaitForChangeAsync(log.Length, TimeSpan.FromSeconds(5), cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) { }
    }
}
