using AutoPeft.Parquet;
using AutoPeft.Postgres;
using AutoPeft.Reporting;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A sweep's directory: the log (or, where a shared store has that, the store), and what is written from it.</summary>
internal sealed class SweepFolder : IAsyncDisposable
{
    /// <summary>The log's file name.</summary>
    public const string LogName = "study.log";

    // A log of this size still opens in a fifth of a second; packing it takes about as long as training for a step.
    private const long CompactFrom = 32 << 20;

    private readonly IStudyStore _store;

    private SweepFolder(string path, IStudyStore store, StudySession session) => (Path, _store, Session) = (path, store, session);

    public string Path { get; }

    public StudySession Session { get; }

    public string? Torn => (_store as JournalStore)?.Torn;

    /// <summary>The command that goes on with the study, for a message.</summary>
    public string ResumeLine => _store is PostgresStore p ? $"autopeft worker --store {p.Address} --study {p.Name}" : $"autopeft resume {Path}";

    /// <summary>Where workers' logs go. Workers of several machines may share the directory: each process has one of its own.</summary>
    public string LogDirectory => _store is PostgresStore ? System.IO.Path.Combine(Path, "logs", $"{Environment.MachineName}-{Environment.ProcessId}") : System.IO.Path.Combine(Path, "logs");

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
        JournalStore store = await JournalStore.CreateAsync(Log(path), cancellationToken).ConfigureAwait(false);
        try
        {
            store.Own();
            return new SweepFolder(path, store, await StudySession.CreateAsync(definition, sampler, store, cancellationToken: cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens a study, to go on with it or only to look.</summary>
    public static async Task<SweepFolder> OpenAsync(string path, bool toRun, CancellationToken cancellationToken)
    {
        if (!File.Exists(Log(path))) throw new InvalidInputException($"{path} has no study ({System.IO.Path.GetFileName(Log(path))} is missing); `autopeft sweep … --out {path}` makes one.");
        JournalStore store = toRun
            ? await JournalStore.OpenAsync(Log(path), cancellationToken).ConfigureAwait(false)
            : await JournalStore.LookAsync(Log(path), cancellationToken).ConfigureAwait(false);
        try
        {
            if (toRun) store.Own();
            if (toRun && store.LooseSize > CompactFrom) await store.CompactAsync(cancellationToken).ConfigureAwait(false);
            // Who only looks asks for no trial, and may look at a study whose sampler this build has not.
            return new SweepFolder(path, store, await StudySession.OpenAsync(store, d => toRun ? SweepSamplers.Create(d) : new RandomSampler(), cancellationToken: cancellationToken).ConfigureAwait(false));
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
        if (!File.Exists(Log(path))) throw new InvalidInputException($"{path} has no study ({System.IO.Path.GetFileName(Log(path))} is missing); `autopeft sweep … --out {path}` makes one.");
        await using JournalStore store = await JournalStore.LookAsync(Log(path), cancellationToken).ConfigureAwait(false);
        return await store.ReadAsync(0, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes a study in a shared store.</summary>
    /// <param name="path">Where this machine writes logs, tables and the report; made when something is written.</param>
    public static async Task<SweepFolder> CreateAsync(string path, StoreArguments place, StudyDefinition definition, CancellationToken cancellationToken)
    {
        ISampler sampler = SweepSamplers.Create(definition);
        PostgresStore store = await PostgresStore.CreateAsync(place.Address, place.Study, place.Options, cancellationToken).ConfigureAwait(false);
        return await OfAsync(path, store, StudySession.CreateAsync(definition with { Name = place.Study }, sampler, store, cancellationToken: cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Opens a study of a shared store, to join it or only to look.</summary>
    public static async Task<SweepFolder> OpenAsync(string path, StoreArguments place, CancellationToken cancellationToken)
    {
        PostgresStore store = await PostgresStore.OpenAsync(place.Address, place.Study, place.Options, cancellationToken).ConfigureAwait(false);
        return await OfAsync(path, store, StudySession.OpenAsync(store, SweepSamplers.Create, cancellationToken: cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Writes the tables and the report from the log as it is now.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path);
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
    }

    private static async Task<SweepFolder> OfAsync(string path, PostgresStore store, Task<StudySession> session)
    {
        try
        {
            return new SweepFolder(path, store, await session.ConfigureAwait(false));
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static string Log(string path) => System.IO.Path.Combine(path, LogName);
}
