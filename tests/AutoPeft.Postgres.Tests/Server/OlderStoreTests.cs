using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Postgres.Tests.Server;

/// <summary>
/// A database that an earlier version filled stays readable. The dump in Assets was written once and is never written again: a change that
/// cannot read it breaks somebody's studies.
/// </summary>
[Collection(nameof(ServerCollection))]
public sealed class OlderStoreTests(ServerFixture server)
{
    [SkippableFact]
    public async Task A_database_of_an_older_version_opens_and_its_study_goes_on()
    {
        string name = "older" + Guid.NewGuid().ToString("N");
        await server.Process.SqlAsync($"create database {name}");
        await server.Process.SqlAsync(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Assets", "store-v1.sql")), name);
        StoreAddress address = StoreAddress.Parse(server.Process.Url[..^"postgres".Length] + name);
        StudyEntry entry = Assert.Single(await StudyList.ReadAsync(address));
        Assert.Equal("older sweep/ä", entry.Name);
        await using PostgresStore store = await PostgresStore.OpenAsync(address, entry.Name);
        await using StudySession session = await SessionSteps.OpenAsync(store);
        Assert.Equal(entry.Records, session.Study.Sequence);
        Assert.Equal(
            [
                TrialState.Completed, TrialState.Completed, TrialState.Completed, TrialState.Completed, TrialState.Failed,
                TrialState.Completed, TrialState.Completed, TrialState.Pruned,
                TrialState.Completed, TrialState.Paused, TrialState.Completed, TrialState.Completed, TrialState.Completed,
                TrialState.Running, TrialState.Waiting,
            ],
            session.Study.Trials.Select(t => t.State));
        Trial first = session.Study.Trials[0];
        Assert.Equal([0.8023467710288242, 1000], first.Values.ToArray());
        Trial next = Assert.Single(await session.AskAsync(1));
        Assert.Equal(15, next.Number);
        Assert.Equal([0.00070308027979841, 2, 2, 1], next.Configuration.Codes.ToArray());
    }
}
