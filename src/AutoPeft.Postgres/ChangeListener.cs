using System.Diagnostics;
using Npgsql;

namespace AutoPeft.Postgres;

/// <summary>
/// Waits for appends with LISTEN, on one connection however many wait, and only while somebody does: a notification costs the server a
/// message to every listener.
/// </summary>
internal sealed class ChangeListener(PostgresServer server, string study)
{
    private readonly Lock _lock = new();
    private Task? _waiting;

    /// <summary>
    /// Returns when the log has more than <paramref name="length"/> records, after <paramref name="atMost"/>, or when the server is lost.
    /// </summary>
    public async Task WaitAsync(long length, TimeSpan atMost, CancellationToken cancellationToken)
    {
        Task waiting;
        lock (_lock)
        {
            if (_waiting is null or { IsCompleted: true }) _waiting = Task.Run(() => ListenAsync(length, atMost), CancellationToken.None);
            waiting = _waiting;
        }
        await waiting.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ListenAsync(long length, TimeSpan atMost)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            await using NpgsqlConnection connection = await server.OpenAsync(server.Crowded).ConfigureAwait(false);
            // The look comes after the LISTEN: an append between the two is in the one or the other.
            await using (var listen = new NpgsqlCommand("listen autopeft", connection))
                await listen.ExecuteNonQueryAsync().ConfigureAwait(false);
            string? id;
            await using (var look = new NpgsqlCommand("select id::text, length from autopeft.studies where name = $1",
                connection)
            { Parameters = { new() { Value = study } } })
            await using (NpgsqlDataReader row = await look.ExecuteReaderAsync().ConfigureAwait(false))
            {
                if (!await row.ReadAsync().ConfigureAwait(false) || row.GetInt64(1) > length) return;
                id = row.GetString(0);
            }
            bool changed = false;
            connection.Notification += (_, e) => changed |= e.Payload.StartsWith(id + " ", StringComparison.Ordinal);
            for (TimeSpan left = atMost; !changed && left > TimeSpan.Zero; left = atMost - Stopwatch.GetElapsedTime(start))
                if (!await WaitAsync(connection, left).ConfigureAwait(false)) return;
        }
        catch (Exception e)
            when (e is NpgsqlException or IOException or TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            // Whoever waits looks next, and that is retried until the server is back. Not at once: it would be a busy loop.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(200, atMost.TotalMilliseconds))).ConfigureAwait(false);
        }
    }

    private async Task<bool> WaitAsync(NpgsqlConnection connection, TimeSpan atMost)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(server.Crowded);
        end.CancelAfter(atMost);
        try
        {
            await connection.WaitAsync(end.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
