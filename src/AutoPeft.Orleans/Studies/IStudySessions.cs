using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Studies;

/// <summary>
/// Opens studies by name, for the grains that decide for them. Every silo of a cluster must open the same studies with the same policy,
/// since any of them may be asked. Thread-safe.
/// </summary>
public interface IStudySessions
{
    /// <summary>Opens the session that decides for a study.</summary>
    /// <exception cref="InvalidInputException">There is no such study, or its store cannot be used.</exception>
    ValueTask<OpenedStudy> OpenAsync(string study, CancellationToken cancellationToken);

    /// <summary>The names of the studies that there are, in the order in which a silo is to serve them.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>An open study: its session, and what is closed together with the session.</summary>
/// <param name="Session">Session that decides for the study.</param>
/// <param name="Owned">What is closed with it, after the session; null where both belong to somebody else and stay open.</param>
public sealed record OpenedStudy(StudySession Session, IAsyncDisposable? Owned) : IAsyncDisposable
{
    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Owned is null) return;
        await Session.DisposeAsync().ConfigureAwait(false);
        await Owned.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>One study that the program has open: what a silo in the program's own process serves.</summary>
/// <param name="name">The name of the study's grain.</param>
/// <param name="session">The session, which stays open.</param>
public sealed class GivenStudy(string name, StudySession session) : IStudySessions
{
    /// <inheritdoc/>
    public ValueTask<OpenedStudy> OpenAsync(string study, CancellationToken cancellationToken) =>
        study == name ? new(new OpenedStudy(session, null)) :
            throw new InvalidInputException($"This silo serves the study '{name}' and no '{study}'.");

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => new([name]);
}

/// <summary>Studies in stores that every silo of the cluster reaches, such as the studies of a PostgreSQL database.</summary>
/// <param name="open">Opens the store of a study; the grain disposes the store.</param>
/// <param name="policy">Who decides for a study: what its definition says, as a rule (<see cref="Catalogs.SamplerCatalog"/>,
/// <see cref="Catalogs.SchedulerCatalog"/>).</param>
/// <param name="list">The names of the studies; null where silos name the studies that they serve.</param>
public sealed class StoredStudies(
    Func<string, CancellationToken, Task<IStudyStore>> open, Func<StudyDefinition, StudyPolicy> policy, Func<CancellationToken,
        Task<IReadOnlyList<string>>>? list = null) : IStudySessions
{
    /// <inheritdoc/>
    public async ValueTask<OpenedStudy> OpenAsync(string study, CancellationToken cancellationToken)
    {
        IStudyStore store = await open(study, cancellationToken).ConfigureAwait(false);
        StudyLog? log = null;
        try
        {
            log = await StudyLog.OpenAsync(store, cancellationToken: cancellationToken).ConfigureAwait(false);
            return new OpenedStudy(await StudySession.OpenAsync(log, policy(log.Study.Definition), cancellationToken)
                .ConfigureAwait(false), store);
        }
        catch
        {
            log?.Dispose();
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        list is null ? throw new InvalidInputException("The silo is not told which studies to serve; name them.")
            : await list(cancellationToken).ConfigureAwait(false);
}
