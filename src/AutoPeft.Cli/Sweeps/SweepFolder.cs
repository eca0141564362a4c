using AutoPeft.Parquet;
using AutoPeft.Postgres;
using AutoPeft.Reporting;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A sweep's directory: the log (or, where a shared store has that, the store), and what is written from it.</summary>
internal sealed class SweepFolder : IAsyncDisposable
{
    /// <summary>The log's file name.</summary>
    public const string LogName = JournalStore.UsualName;

    // A log of this size still opens in a fifth of a second; packing it takes about as long as training for a step.
    private const long CompactFrom = 32 << 20;

    private readonly IStudyStore _store;

    private SweepFolder(string path, IStudyStore store, StudyLog log, StoreArguments? place = null) =>
        (Path, _store, Log, Place) = (path, store, log, place);

    public string Path { get; }

    /// <summary>The study's log, open.</summary>
    public StudyLog Log { get; }

    /// <summary>The store that machines share; null where the log is in the directory.</summary>
    public StoreArguments? Place { get; }

    public string? Torn => (_store as JournalStore)?.Torn;

    /// <summary>The command that goes on with the study, for a message.</summary>
    public string ResumeLine =>
        _store is PostgresStore p ? $"autopeft worker --store {p.Address} --study {p.Name}" : $"autopeft resume {Path}";

    /// <summary>Where workers' logs go. Workers of several machines may share the directory: each process has one of its own.</summary>
    public string LogDirectory =>
        _store is PostgresStore
            ? System.IO.Path.Combine(Path, "logs", $"{Environment.MachineName}-{Environment.ProcessId}")
            : System.IO.Path.Combine(Path, "logs");

    public string TrialDirectory => System.IO.Path.Combine(Path, "trials");

    /// <summary>Makes a study in a directory that has none.</summary>
    public static async Task<SweepFolder> CreateAsync(string path, StudyDefinition definition, CancellationToken cancellationToken)
    {
        // Before anything is written: a name that no sampler has must not leave a study behind.
        _ = SweepPolicy.Of(definition, 1);
        await RefuseTakenAsync(path, definition, cancellationToken).ConfigureAwait(false);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be made: {e.Message} Choose another with --out.", e);
        }
        JournalStore store = await JournalStore.CreateAsync(LogFile(path), cancellationToken).ConfigureAwait(false);
        try
        {
            store.Own();
            return new SweepFolder(path, store,
                await StudyLog.CreateAsync(definition, store, cancellationToken: cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Whether another program runs the study of a directory now.</summary>
    public static bool IsRunElsewhere(string path) => JournalLock.IsHeld(LogFile(path) + JournalStore.OwnedSuffix);

    /// <summary>Opens a study, to go on with it or only to look or to change what a person may.</summary>
    public static async Task<SweepFolder> OpenAsync(string path, bool toRun, CancellationToken cancellationToken)
    {
        if (!File.Exists(LogFile(path)))
            throw new InvalidInputException($"{path} has no study ({System.IO.Path.GetFileName(LogFile(path))} is missing); `autopeft "
                + $"sweep … --out {path}` makes one.");
        JournalStore store = toRun
            ? await JournalStore.OpenAsync(LogFile(path), cancellationToken).ConfigureAwait(false)
            : await JournalStore.LookAsync(LogFile(path), cancellationToken).ConfigureAwait(false);
        try
        {
            if (toRun) store.Own();
            if (toRun && store.LooseSize > CompactFrom) await store.CompactAsync(cancellationToken).ConfigureAwait(false);
            return new SweepFolder(path, store,
                await StudyLog.OpenAsync(store, cancellationToken: cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The records of a directory's log, as they are now.</summary>
    public static async Task<IReadOnlyList<StudyEvent>> ReadLogAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(LogFile(path)))
            throw new InvalidInputException($"{path} has no study ({System.IO.Path.GetFileName(LogFile(path))} is missing); `autopeft "
                + $"sweep … --out {path}` makes one.");
        await using JournalStore store = await JournalStore.LookAsync(LogFile(path), cancellationToken).ConfigureAwait(false);
        return await store.ReadAsync(0, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes a study in a shared store.</summary>
    /// <param name="path">Where this machine writes logs, tables and the report; made when something is written.</param>
    public static async Task<SweepFolder> CreateAsync(string path, StoreArguments place, StudyDefinition definition,
        CancellationToken cancellationToken)
    {
        _ = SweepPolicy.Of(definition, 1);
        PostgresStore store =
            await PostgresStore.CreateAsync(place.Address, place.Study, place.Options, cancellationToken).ConfigureAwait(false);
        return await OfAsync(path, store, place,
            StudyLog.CreateAsync(definition with { Name = place.Study }, store, cancellationToken: cancellationToken))
            .ConfigureAwait(false);
    }

    /// <summary>Opens a study of a shared store, to join it or only to look.</summary>
    public static async Task<SweepFolder> OpenAsync(string path, StoreArguments place, CancellationToken cancellationToken)
    {
        PostgresStore store =
            await PostgresStore.OpenAsync(place.Address, place.Study, place.Options, cancellationToken).ConfigureAwait(false);
        return await OfAsync(path, store, place, StudyLog.OpenAsync(store, cancellationToken: cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>
    /// Writes the tables and the report from the log as it is now, and the table of the final evaluation where there is one.
    /// </summary>
    /// <returns>The final evaluation's rows; empty where there is none.</returns>
    public async Task<IReadOnlyList<FinalRow>> WriteAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path);
        IReadOnlyList<FinalRow> final = await FinalTable.ReadAsync(Path, cancellationToken).ConfigureAwait(false);
        var repeats = await FinalTable.RepeatsAsync(Path, Log.Study.Definition, cancellationToken).ConfigureAwait(false);
        await Log.ReadAsync(study =>
        {
            StudyTables.Write(Path, study);
            string live = _store is PostgresStore p ? $"autopeft dashboard --store {p.Address}" : $"autopeft dashboard {Path}";
            var options = new StudyReportOptions { Final = final, Repeats = repeats, LiveCommand = live };
            StudyReport.Write(System.IO.Path.Combine(Path, "report.html"), study, options);
            return true;
        }, cancellationToken).ConfigureAwait(false);
        if (final.Count > 0) FinalTable.Write(Path, final);
        return final;
    }

    public async ValueTask DisposeAsync()
    {
        Log.Dispose();
        await _store.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Refuses a directory that has a study, and says in what it differs from the one that was to be made.</summary>
    private static async Task RefuseTakenAsync(string path, StudyDefinition definition, CancellationToken cancellationToken)
    {
        if (!File.Exists(LogFile(path)) || new FileInfo(LogFile(path)).Length == 0) return;
        await using SweepFolder taken = await OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<string> differences = SweepProblem.Current(taken.Log.Study.Definition).DifferencesFrom(definition);
        string differs = differences.Count == 0 ? "" : $"; what was typed differs in {string.Join(", ", differences)}";
        string more = definition.Budget > taken.Log.Study.Definition.Budget ? $" --trials {definition.Budget}" : "";
        throw new InvalidInputException(
            $"{path} has a study already{differs}. `autopeft resume {path}{more}` goes on with it; --out names another directory.");
    }

    private static async Task<SweepFolder> OfAsync(string path, PostgresStore store, StoreArguments place, Task<StudyLog> log)
    {
        try
        {
            return new SweepFolder(path, store, await log.ConfigureAwait(false), place);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static string LogFile(string path) => System.IO.Path.Combine(path, LogName);
}
