using Npgsql;

namespace AutoPeft.Orleans.Postgres;

/// <summary>
/// The tables that Orleans' ADO.NET providers need. The providers send the statements that they find in a table named OrleansQuery. A database that has it, because somebody applied Orleans'
/// own scripts, is left as it is; where it is missing, the first silo makes tables and statements of this program's own.
/// </summary>
/// <remarks>
/// Unlike the scripts' table, ours has a unique key on a grain's state, so that of two silos that write one for the first time exactly one succeeds, whatever the cluster thinks of itself.
/// </remarks>
public static class OrleansTables
{
    // Any number will do, if every silo takes the same.
    private const long Lock = 0x6175746f70656674;

    /// <summary>The statements that the three providers ask for.</summary>
    internal static IReadOnlyDictionary<string, string> Statements => OrleansStatements.All;

    /// <summary>Makes the tables in an empty database; checks them in another one.</summary>
    /// <exception cref="InvalidInputException">The database does not answer, or has OrleansQuery without all that is needed.</exception>
    public static async Task EnsureAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            // Silos that start together take turns; the lock goes with the transaction.
            await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({Lock})", cancellationToken).ConfigureAwait(false);
            await using var exists = new NpgsqlCommand("SELECT to_regclass('orleansquery') IS NOT NULL", connection);
            if ((bool)(await exists.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!)
            {
                await CheckAsync(connection, cancellationToken).ConfigureAwait(false);
                return;
            }
            await ExecuteAsync(connection, OrleansStatements.Tables, cancellationToken).ConfigureAwait(false);
            foreach ((string key, string text) in Statements)
            {
                await using var insert = new NpgsqlCommand("INSERT INTO orleansquery (querykey, querytext) VALUES ($1, $2)", connection) { Parameters = { new() { Value = key }, new() { Value = text } } };
                await insert.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NpgsqlException or System.Net.Sockets.SocketException or TimeoutException)
        {
            throw new InvalidInputException($"The {PostgresAddress.Describe(connectionString)} cannot be used: {e.Message.Split('\n')[0]}", e);
        }
    }

    private static async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("SELECT querykey FROM orleansquery", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) known.Add(reader.GetString(0));
        if (Statements.Keys.FirstOrDefault(k => !known.Contains(k)) is { } missing)
            throw new InvalidInputException($"The database has Orleans' tables, but not {missing}: apply PostgreSQL-Clustering.sql, PostgreSQL-Persistence.sql and PostgreSQL-Reminders.sql of Orleans with their migrations, or use an empty database.");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
