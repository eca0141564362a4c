using System.Globalization;
using AutoPeft.Functions;
using AutoPeft.Orleans.Postgres;
using AutoPeft.Postgres;
using AutoPeft.Studies;
using Npgsql;

namespace AutoPeft.Orleans.Tests.Server;

/// <summary>Somebody holds the advisory lock that this program takes, for ever: whoever may connect can.</summary>
[Collection(nameof(ServerCollection))]
public sealed class HeldLockTests(ServerFixture server)
{
    private const long Lock = 0x6175746F70656674;

    // The lock is waited for 20 s before that is said.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    [SkippableFact]
    public async Task Whoever_holds_the_advisory_lock_stalls_no_study_and_no_silo_of_a_database_that_has_its_tables()
    {
        string connection = string.Create(CultureInfo.InvariantCulture,
            $"Host=127.0.0.1;Port={server.Process.Port};Username=postgres;Database=postgres");
        await (await PostgresStore.CreateAsync(server.Address, server.NewName("before"))).DisposeAsync();
        ClusterIdentity known = await ClusterTables.EnsureAsync(connection, default);

        await using var hostile = new NpgsqlConnection(connection);
        await hostile.OpenAsync();
        await using var take = new NpgsqlCommand($"SELECT pg_advisory_lock({Lock})", hostile);
        await take.ExecuteNonQueryAsync();

        ClusterIdentity again = await ClusterTables.EnsureAsync(connection, default).WaitAsync(s_patience);
        Assert.Equal(known.Name, again.Name);
        Assert.Equal(known.Certificate, again.Certificate);
        await using PostgresStore during = await PostgresStore.CreateAsync(server.Address, server.NewName("during")).WaitAsync(s_patience);
        TestFunction branin = TestFunctions.Resolve("branin");
        var created = new StudyCreated(DateTimeOffset.UnixEpoch, new StudyDefinition(branin.Space, branin.Objectives));
        Assert.True(await during.TryAppendAsync(0, [created], default).AsTask().WaitAsync(s_patience));
    }

    [SkippableFact]
    public async Task Silos_that_start_together_in_an_empty_database_know_each_other_by_the_same_identity()
    {
        for (int round = 0; round < 5; round++)
        {
            string name = $"together{round}";
            await server.Process.SqlAsync($"CREATE DATABASE {name}");
            string connection = string.Create(CultureInfo.InvariantCulture,
                $"Host=127.0.0.1;Port={server.Process.Port};Username=postgres;Database={name};Pooling=false");
            // The lock keeps all of them waiting after each has seen that there is no table.
            await using var first = new NpgsqlConnection(connection);
            await first.OpenAsync();
            await using (var take = new NpgsqlCommand($"SELECT pg_advisory_lock({Lock})", first)) await take.ExecuteNonQueryAsync();
            Task<ClusterIdentity>[] all = [.. Enumerable.Range(0, 6).Select(_ => ClusterTables.EnsureAsync(connection, default))];
            string waiting = "";
            for (int tries = 0; waiting != "6" && tries < 300; tries++)
                waiting = await server.Process.SqlAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
            Assert.Equal("6", waiting);
            await using (var give = new NpgsqlCommand($"SELECT pg_advisory_unlock({Lock})", first)) await give.ExecuteNonQueryAsync();
            Assert.Single((await Task.WhenAll(all).WaitAsync(s_patience)).Select(i => i.Name).Distinct());
        }
    }
}
