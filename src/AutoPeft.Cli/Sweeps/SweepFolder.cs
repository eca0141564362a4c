using AutoPeft.Parquet;
using AutoPeft.Reporting;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A sweep's directory: the log, and what is written from it.</summary>
internal sealed class SweepFolder : IAsyncDisposable
{
    /// <summary>The log's file name.</summary>
    public const string LogName = "study.log";

    private readonly JournalLock? _running;
    private readonly JournalStore _store;

    private SweepFolder(string path, JournalStore store, StudySession session, JournalLock? running) => (Path, _store, Session, _running) = (path, store, session, running);

    public string Path { get; }

    public StudySession Session { get; }

    public string? Torn => _store.Torn;

    public string LogDirectory => System.IO.Path.Combine(Path, "logs");

    public string TrialDirectory => System.IO.Path.Combine(Path, "trials");

    /// <summary>Makes a study in a directory that has none.</summary>
    public static async Task<SweepFolder> CreateAsync(string path, StudyDefinition definition, CancellationToken cancellationToken)
    {
        // Before anything is written: a name that no sampler has must not leave a study behind.
        ISampler sampler = SweepSamplers.Create(definition);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be made: {e.Message} Choose another with --out.", e);
        }
        JournalLock running = TakeRunning(path);
        try
        {
            JournalStore store = await JournalStore.CreateAsync(Log(path), cancellationToken).ConfigureAwait(false);
            return new SweepFolder(path, store, await StudySession.CreateAsync(definition, sampler, store, cancellationToken: cancellationToken).ConfigureAwait(false), running);
        }
        catch
        {
            running.Dispose();
            throw;
        }
    }

    /// <summary>Opens a study, to go on with it or only to look.</summary>
    public static async Task<SweepFolder> OpenAsync(string path, bool toRun, CancellationToken cancellationToken)
    {
        if (!File.Exists(Log(path))) throw new InvalidInputException($"{path} has no study ({System.IO.Path.GetFileName(Log(path))} is missing); `autopeft sweep … --out {path}` makes one.");
        JournalLock? running = toRun ? TakeRunning(path) : null;
        try
        {
            JournalStore store = await JournalStore.OpenAsync(Log(path), cancellationToken).ConfigureAwait(false);
            // Who only looks asks for no trial, and may look at a study whose sampler this build has not.
            return new SweepFolder(path, store, await StudySession.OpenAsync(store, d => toRun ? SweepSamplers.Create(d) : new RandomSampler(), cancellationToken: cancellationToken).ConfigureAwait(false), running);
        }
        catch
        {
            running?.Dispose();
            throw;
        }
    }

    /// <summary>The records of a directory's log, as they are now.</summary>
    public static async Task<IReadOnlyList<StudyEvent>> ReadLogAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(Log(path))) throw new InvalidInputException($"{path} has no study ({System.IO.Path.GetFileName(Log(path))} is missing); `autopeft sweep … --out {path}` makes one.");
        await using JournalStore store = await JournalStore.OpenAsync(Log(path), cancellationToken).ConfigureAwait(false);
        return await store.ReadAsync(0, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes the tables and the report from the log as it is now.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<FinalRow> final = await FinalTable.ReadAsync(Path, cancellationToken).ConfigureAwait(false);
        await Session.ReadAsync(study =>
        {
            StudyTables.Write(Path, study);
            StudyReport.Write(System.IO.Path.Combine(Path, "report.html"), study, new StudyReportOptions { Final = final });
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        Session.Dispose();
        await _store.DisposeAsync().ConfigureAwait(false);
        _running?.Dispose();
    }

    private static string Log(string path) => System.IO.Path.Combine(path, LogName);

    private static JournalLock TakeRunning(string path) => JournalLock.TryTake(System.IO.Path.Combine(path, "running.lock"))
        ?? throw new InvalidInputException($"{path} is being run by another process; wait for it or stop it.");
}
