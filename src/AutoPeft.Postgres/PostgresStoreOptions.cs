namespace AutoPeft.Postgres;

/// <summary>How a PostgreSQL store behaves.</summary>
public sealed record PostgresStoreOptions
{
    /// <summary>How long a worker may be silent before its trials go back in the queue. Default 30 s: three heartbeats, and longer than a server takes to restart.</summary>
    /// <exception cref="InvalidInputException">Below half a second or above a day.</exception>
    public TimeSpan LeaseTime
    {
        get;
        init => field = value >= TimeSpan.FromSeconds(0.5) && value <= TimeSpan.FromDays(1) ? value : throw new InvalidInputException("A lease lasts from 0.5 s to a day.");
    } = TimeSpan.FromSeconds(30);

    /// <summary>How long a server that was there may be gone before the program gives up. Default 10 minutes: a reboot with a file system check.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Told once, in one line, when the server is lost, and when it is back; null to tell nobody.</summary>
    public Action<string>? Notice { get; init; }
}
