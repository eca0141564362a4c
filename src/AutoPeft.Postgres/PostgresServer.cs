using System.Diagnostics;
using Npgsql;

namespace AutoPeft.Postgres;

/// <summary>
/// Connections to one server. Work that fails because the server or the network is gone is tried again until
/// <see cref="PostgresStoreOptions.Patience"/> ends; what else the server says becomes one clear line.
/// </summary>
internal sealed class PostgresServer(StoreAddress address, PostgresStoreOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(2);

    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(Thrifty(address.ConnectionString));
    private readonly CancellationTokenSource _crowded = new();
    private int _reached, _away;

    /// <summary>
    /// Cancelled once the server has refused a connection because it has too many: from then on this host keeps one at a time, and looks
    /// for changes instead of listening.
    /// </summary>
    public CancellationToken Crowded => _crowded.Token;

    public StoreAddress Address { get; } = address;

    public PostgresStoreOptions Options { get; } = options;

    /// <summary>Runs <paramref name="work"/> on a connection, again after an outage. It is told how often it was tried before.</summary>
    /// <exception cref="InvalidInputException">The server refuses, cannot be reached at first, or does not come back.</exception>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, int, Task<T>> work, CancellationToken cancellationToken)
    {
        long? since = null;
        for (int tries = 0; ; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                T result;
                await using (NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false))
                {
                    Volatile.Write(ref _reached, 1);
                    result = await work(connection, tries).ConfigureAwait(false);
                }
                if (Interlocked.Exchange(ref _away, 0) == 1) Options.Notice?.Invoke($"{Address} is back.");
                return result;
            }
            catch (Exception e) when (IsOutage(e) && !cancellationToken.IsCancellationRequested)
            {
                since ??= Stopwatch.GetTimestamp();
                bool crowded = e is PostgresException { SqlState: "53300" };
                if (crowded) await _crowded.CancelAsync().ConfigureAwait(false);
                else if (Volatile.Read(ref _reached) == 0) throw new InvalidInputException($"{Address} cannot be reached: {Why(e)}", e);
                if (Stopwatch.GetElapsedTime(since.Value) > Options.Patience)
                    throw new InvalidInputException(
                        $"{Address} has been gone for {Options.Patience.TotalMinutes:0.#} minutes: {Why(e)} Start again when it is back; "
                            + $"nothing that was acknowledged is lost.", e);
                if (Interlocked.Exchange(ref _away, 1) == 0) Options.Notice?.Invoke($"{Address} does not answer ({Why(e)}); trying again.");
                // With some chance in it, so that a hundred workers do not come back at the same moment.
                TimeSpan pause = TimeSpan.FromMilliseconds(
                    Math.Min(s_longestPause.TotalMilliseconds, 50 * Math.Pow(2, tries)) * (0.5 + Random.Shared.NextDouble()));
                await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException e)
            {
                throw new InvalidInputException(Refusal(e), e);
            }
            catch (NpgsqlException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw new InvalidInputException($"{Address} cannot be used: {Why(e)}", e);
            }
        }
    }

    /// <summary>A connection, without any trying again.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _source.OpenConnectionAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync().ConfigureAwait(false);
        _crowded.Dispose();
    }

    /// <summary>One connection to work and one to listen, given back to the server soon: many hosts share what it allows.</summary>
    private static string Thrifty(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxPoolSize = 2,
            ConnectionIdleLifetime = 2,
            ConnectionPruningInterval = 1,
        }.ConnectionString;

    /// <summary>
    /// Whether trying again may help: the server, the network or a connection is gone, or the server is full or just starting.
    /// </summary>
    private static bool IsOutage(Exception e) => e switch
    {
        PostgresException p => p.SqlState is "57P01" or "57P02" or "57P03" or "57P05" or "57014" or "53300" or "40001" or "40P01" or "55P03"
            || p.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException n => n.IsTransient || n.InnerException is IOException or TimeoutException or System.Net.Sockets.SocketException,
        IOException or TimeoutException or System.Net.Sockets.SocketException => true,
        _ => false,
    };

    private string Refusal(PostgresException e) => e.SqlState switch
    {
        "28P01" or "28000" =>
            $"{Address} refuses the user: {Line(e.MessageText)} The password comes from the address, PGPASSWORD or the passfile.",
        "3D000" => $"{Address}: {Line(e.MessageText)} Make it with createdb, or name another.",
        "42501" => $"{Address}: {Line(e.MessageText)} The user needs the right to create a schema in the database, or to use the schema "
            + $"'autopeft'.",
        "25006" => $"{Address} takes no writes: {Line(e.MessageText)}",
        _ => $"{Address}: {Line(e.MessageText)} ({e.SqlState})",
    };

    private static string Why(Exception e)
    {
        Exception cause = e is NpgsqlException and not PostgresException && e.InnerException is { } inner ? inner : e;
        return Line(cause is PostgresException p ? p.MessageText : cause.Message);
    }

    private static string Line(string text)
    {
        string line = text.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        return line + ".";
    }
}
