using System.Globalization;
using Npgsql;

namespace AutoPeft.Postgres;

/// <summary>
/// A host's turn to propose: an advisory lock that ends with its connection, so that it outlives nobody. It only spares hosts the work of proposals that would be refused; whoever waits too long
/// for it, because its holder hangs or thinks for long, goes ahead.
/// </summary>
internal sealed class ProposalTurn : IAsyncDisposable
{
    // The first half of the lock's key, so that it is none of the migrations' or of another program's: "turn" in ASCII.
    private const int Kind = 0x7475726E;
    private const int PatienceSeconds = 10, LongestTurnSeconds = 60;

    private readonly NpgsqlConnection? _connection;

    private ProposalTurn(NpgsqlConnection? connection) => _connection = connection;

    public static async ValueTask<IAsyncDisposable> TakeAsync(PostgresServer server, string study, CancellationToken cancellationToken)
    {
        NpgsqlConnection? connection = null;
        try
        {
            connection = await server.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture,
                $"begin; set local lock_timeout = '{PatienceSeconds}s'; set local idle_in_transaction_session_timeout = '{LongestTurnSeconds}s'; select pg_advisory_xact_lock({Kind}, {Key(study)})"), connection);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            return new ProposalTurn(connection);
        }
        catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException or OperationCanceledException)
        {
            // What is wrong with the server is the next append's to find out, and to wait for.
            if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return new ProposalTurn(null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is null) return;
        try
        {
            await using var command = new NpgsqlCommand("commit", _connection);
            await command.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
        // The connection is gone, and the turn with it.
        catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException or InvalidOperationException) { }
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private static int Key(string study) => (int)Studies.Crc32C.Of(System.Text.Encoding.UTF8.GetBytes(study));
}
