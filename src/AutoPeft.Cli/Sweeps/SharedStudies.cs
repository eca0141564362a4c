using AutoPeft.Dashboard.Sources;
using AutoPeft.Postgres;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>The studies of a PostgreSQL store, for the dashboard.</summary>
internal sealed class SharedStudies(StoreAddress address) : IStudySource
{
    public async Task<IReadOnlyList<StudyLocation>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await StudyList.ReadAsync(address, cancellationToken).ConfigureAwait(false))
            .Select(s => new StudyLocation($"{address} {s.Name}", s.Name))];

    public async Task<IStudyStore> OpenAsync(StudyLocation location, CancellationToken cancellationToken) =>
        await PostgresStore.OpenAsync(address, location.Where, cancellationToken: cancellationToken).ConfigureAwait(false);

    // The store notifies: a page is as live as with a journal, and nobody polls.
    public Task WaitAsync(IStudyStore store, long sequence, TimeSpan patience, CancellationToken cancellationToken) =>
        ((PostgresStore)store).WaitForChangeAsync(sequence, patience, cancellationToken);
}
