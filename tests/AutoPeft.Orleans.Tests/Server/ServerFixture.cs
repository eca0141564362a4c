using AutoPeft.Postgres;
using AutoPeft.TestKit;

namespace AutoPeft.Orleans.Tests.Server;

/// <summary>One PostgreSQL server for the tests of clusters; each test has a study, and with it a cluster, of its own name.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private int _names;

    public PostgresProcess Process { get; private set; } = null!;

    public StoreAddress Address => StoreAddress.Parse(Process.Url);

    public async Task InitializeAsync() => Process = await PostgresProcess.StartAsync();

    public async Task DisposeAsync() => await Process.DisposeAsync();

    public string NewName(string of = "study") => $"{of} {Interlocked.Increment(ref _names)}";
}

[CollectionDefinition(nameof(ServerCollection))]
public sealed class ServerCollection : ICollectionFixture<ServerFixture>;
