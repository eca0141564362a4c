using AutoPeft.TestKit;

namespace AutoPeft.Postgres.Tests.Server;

/// <summary>One server for all tests of this project; each test has a study of its own name.</summary>
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
