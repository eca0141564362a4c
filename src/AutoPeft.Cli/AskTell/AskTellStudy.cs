using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Catalogs;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Parquet;
using AutoPeft.Reporting;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Cli.AskTell;

/// <summary>The study of an ask-tell process: in memory, or in the journal of a directory, which the next process goes on with.</summary>
internal sealed class AskTellStudy : IAsyncDisposable
{
    private const string JournalMember = "journal";

    private readonly IStudyStore _store;

    private AskTellStudy(StudySession session, IStudyStore store, string? directory) =>
        (Session, _store, Directory) = (session, store, directory);

    public StudySession Session { get; }

    /// <summary>Where the journal is; null for a study in memory.</summary>
    public string? Directory { get; }

    /// <summary>
    /// Makes or goes on with the study of a "study" message. A message that names a journal and nothing else goes on with the journal's.
    /// </summary>
    /// <exception cref="InvalidInputException">The message is malformed, or the journal has another study.</exception>
    public static async Task<AskTellStudy> OpenAsync(JsonElement message, CancellationToken cancellationToken)
    {
        if (message.ValueKind != JsonValueKind.Object) throw new InvalidInputException("'study' takes a JSON object.");
        string? directory = message.TryGetProperty(JournalMember, out JsonElement named)
            ? named.ValueKind == JsonValueKind.String && named.GetString() is { Length: > 0 } text ? text
                : throw new InvalidInputException("'journal' names a directory.") : null;
        StudyDefinition? asked = directory is not null && message.EnumerateObject().Count() == 1 ? null : Definition(message);
        if (directory is null) return await CreateAsync(asked!, new MemoryStore(), null, cancellationToken).ConfigureAwait(false);
        string path = Path.Combine(directory, JournalStore.UsualName);
        if (asked is null && !File.Exists(path))
            throw new InvalidInputException($"{directory} has no study yet; say what it is: space and objectives.");
        JournalStore store = await JournalStore.OpenOrCreateAsync(path, cancellationToken).ConfigureAwait(false);
        try
        {
            store.Own();
            return store.IsEmpty && asked is not null ? await CreateAsync(asked, store, directory, cancellationToken).ConfigureAwait(false)
                : await GoOnAsync(asked, store, directory, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Writes the tables and the report.</summary>
    public Task WriteAsync(string directory, CancellationToken cancellationToken)
    {
        System.IO.Directory.CreateDirectory(directory);
        return Session.Log.ReadAsync(study =>
        {
            StudyTables.Write(directory, study);
            StudyReport.Write(Path.Combine(directory, "report.html"), study);
            return true;
        }, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<AskTellStudy> CreateAsync(
        StudyDefinition definition, IStudyStore store, string? directory, CancellationToken cancellationToken)
    {
        StudySession session = await StudySession.CreateAsync(definition, Policy(definition), store, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        return new AskTellStudy(session, store, directory);
    }

    private static async Task<AskTellStudy> GoOnAsync(StudyDefinition? asked, JournalStore store, string directory,
        CancellationToken cancellationToken)
    {
        StudyLog log = await StudyLog.OpenAsync(store, cancellationToken: cancellationToken).ConfigureAwait(false);
        try
        {
            StudyDefinition recorded = log.Study.Definition;
            if (asked is not null && !recorded.IsSameStudyAs(asked with { Budget = recorded.Budget }))
                throw new InvalidInputException($"{directory} has another study; asked for was "
                    + $"{string.Join(", ", recorded.DifferencesFrom(asked with { Budget = recorded.Budget }))}.");
            StudyPolicy policy = Policy(recorded);
            // What an earlier process had reports of runs nowhere any more.
            await log.RequeueRunningAsync("its process ended", cancellationToken).ConfigureAwait(false);
            if (asked?.Budget is { } budget) await log.SetBudgetAsync(budget, cancellationToken).ConfigureAwait(false);
            return new AskTellStudy(await StudySession.OpenAsync(log, policy, cancellationToken).ConfigureAwait(false), store, directory);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    private static StudyDefinition Definition(JsonElement message)
    {
        JsonObject members = JsonObject.Create(message)!;
        members.Remove(JournalMember);
        StudyDefinition definition = DefinitionJson.Read(JsonSerializer.SerializeToElement(members));
        _ = Policy(definition);
        return definition;
    }

    private static StudyPolicy Policy(StudyDefinition definition)
    {
        if (PopulationPairing.Options(definition.Sampler) is not null)
            throw new InvalidInputException(
                $"Sampler '{definition.Sampler}' needs a host that pauses trials and hands on their checkpoints; ask-tell does not.");
        IScheduler scheduler = SchedulerCatalog.Create(definition.Scheduler);
        if (scheduler is not RunToEnd && definition.Lockstep is not null)
            throw new InvalidInputException(
                "'lockstep' goes with no 'scheduler': what a scheduler decides depends on which report is in first.");
        return new StudyPolicy { Sampler = SamplerNames.Create(definition.Sampler), Scheduler = scheduler };
    }
}
