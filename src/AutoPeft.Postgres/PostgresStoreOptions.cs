namespace AutoPeft.Postgres;

/// <summary>Options of a PostgreSQL store: how long a lost server is waited for, and who is told.</summary>
public sealed record PostgresStoreOptions
{
    /// <summary>
    /// How long a server that was there may be gone before the program gives up. Default 10 minutes: a reboot with a file system check.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Told once, in one line, when the server is lost, and when it is back; null to tell nobody.</summary>
    public Action<string>? Notice { get; init; }
}
