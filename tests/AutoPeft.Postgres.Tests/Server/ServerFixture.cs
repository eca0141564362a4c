using AutoPeft.TestKit;

namespace AutoPeft.Postgres.Tests.Server;

/// <summary>One server for all tests of this project; each test has a study of its own name.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private int _names;

    private PostgresProcess? _process;
    private SkipException? _missing;

    /// <summary>The server; the test is skipped where PostgreSQL is not installed.</summary>
    public PostgresProcess Process => _process ?? throw _missing!;

    public StoreAddress Address => StoreAddress.Parse(Process.Url);

    public async Task InitializeAsync()
    {
        try { _process = await PostgresProcess.StartAsync(); }
        catch (SkipException e) { _missing = e; }
    }

    public async Task DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
    }

    public string NewName(string of = "study") => $"{of} {Interlocked.Increment(ref _names)}";
}

[CollectionDefinition(nameof(ServerCollection))]
public sealed class ServerCollection : ICollectionFixture<ServerFixture>;
