using Npgsql;

namespace AutoPeft.Orleans.Postgres;

/// <summary>
/// The tables that Orleans' ADO.NET clustering needs, and what the cluster's silos know each other by. The provider sends the statements
/// that it finds in a table named OrleansQuery. A database that has that table, because somebody applied Orleans' own scripts, is left as
/// it is; where it is missing, the first silo makes tables and statements of this program's own.
/// </summary>
internal static class ClusterTables
{
    // Any number will do, if every silo takes the same.
    private const long Lock = 0x6175746f70656674;

    /// <summary>Making the tables takes a moment: a lock that is held for so long is somebody's mistake or ill will.</summary>
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(20);

    /// <summary>Makes the tables in a database that has none; checks them in another one.</summary>
    /// <returns>What the silos of the database's clusters know each other by; known to whoever can read the database.</returns>
    /// <exception cref="InvalidInputException">The database refuses, or has OrleansQuery without all that is needed.</exception>
    /// <exception cref="NpgsqlException">The database does not answer now.</exception>
    public static async Task<ClusterIdentity> EnsureAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            // Whoever may connect may hold an advisory lock for ever; where all is there, nobody waits for it.
            if (await IsThereAsync(connection, "orleansquery", cancellationToken).ConfigureAwait(false)
                && await IsThereAsync(connection, "autopeft_cluster_identity", cancellationToken).ConfigureAwait(false)
                && await KnownAsync(connection, cancellationToken).ConfigureAwait(false) is { } known)
            {
                await CheckAsync(connection, cancellationToken).ConfigureAwait(false);
                return known;
            }
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            // Silos that start together take turns; the lock goes with the transaction.
            string wait = $"SET LOCAL lock_timeout = '{LockPatience.TotalSeconds:0}s'";
            await ExecuteAsync(connection, wait, cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({Lock})", cancellationToken).ConfigureAwait(false);
            bool isThere = await IsThereAsync(connection, "orleansquery", cancellationToken).ConfigureAwait(false);
            await (isThere ? CheckAsync(connection, cancellationToken) : MakeAsync(connection, cancellationToken)).ConfigureAwait(false);
            ClusterIdentity identity = await IdentityAsync(connection, cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return identity;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new InvalidInputException("Another connection to the database has held the lock under which a cluster's tables are made "
                + $"for {LockPatience.TotalSeconds:0} s; end it (SELECT pid FROM pg_locks WHERE locktype = 'advisory') and try again.", e);
        }
        catch (NpgsqlException e) when (!e.IsTransient)
        {
            var b = new NpgsqlConnectionStringBuilder(connectionString);
            string database = $"The database {b.Database ?? b.Username ?? "postgres"} on {b.Host ?? "localhost"}:{b.Port}";
            throw new InvalidInputException($"{database} cannot be used for a cluster: {e.Message.Split('\n')[0]}", e);
        }
    }

    /// <summary>
    /// Declares dead whatever silo of a cluster has given no sign of life to the database for <paramref name="silent"/>. A silo that joins
    /// asks every member for an answer first; where all of them were killed, nobody else is left to say so. Only in tables of this
    /// program's own, which have the signs by the server's clock.
    /// </summary>
    /// <returns>How many.</returns>
    public static async Task<int> BuryAsync(string connectionString, string cluster, TimeSpan silent, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        if (!await IsThereAsync(connection, "autopeft_silos", cancellationToken).ConfigureAwait(false)) return 0;
        await using var command = new NpgsqlCommand(ClusterStatements.Bury, connection)
        { Parameters = { new() { Value = cluster }, new() { Value = silent } } };
        return (int)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private static async Task MakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, ClusterStatements.Tables, cancellationToken).ConfigureAwait(false);
        foreach ((string key, string text) in ClusterStatements.All)
            await ExecuteAsync(connection, "INSERT INTO orleansquery (querykey, querytext) VALUES ($1, $2)", cancellationToken, key, text)
                .ConfigureAwait(false);
    }

    private static async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("SELECT querykey FROM orleansquery", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) known.Add(reader.GetString(0));
        if (ClusterStatements.All.Keys.FirstOrDefault(k => !known.Contains(k)) is { } missing)
            throw new InvalidInputException(
                $"The database has Orleans' tables, but not {missing}: apply PostgreSQL-Clustering.sql of Orleans with its migrations, "
                + "or use an empty database.");
    }

    private static async Task<ClusterIdentity> IdentityAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        const string table = "CREATE TABLE IF NOT EXISTS autopeft_cluster_identity (name text NOT NULL, certificate bytea NOT NULL)";
        await ExecuteAsync(connection, table, cancellationToken).ConfigureAwait(false);
        if (await KnownAsync(connection, cancellationToken).ConfigureAwait(false) is { } known) return known;
        // The advisory lock is held: there is one row, whoever comes first.
        ClusterIdentity fresh = ClusterIdentity.Create();
        await using var insert = new NpgsqlCommand("INSERT INTO autopeft_cluster_identity VALUES ($1, $2)", connection)
        { Parameters = { new() { Value = fresh.Name }, new() { Value = fresh.Certificate } } };
        await insert.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        return fresh;
    }

    private static async Task<ClusterIdentity?> KnownAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var read = new NpgsqlCommand("SELECT name, certificate FROM autopeft_cluster_identity", connection);
        await using NpgsqlDataReader row = await read.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await row.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? new ClusterIdentity(row.GetString(0), row.GetFieldValue<byte[]>(1)) : null;
    }

    private static async Task<bool> IsThereAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        // Not to_regclass: a session that found no table remembers that, and may do so until its transaction ends.
        await using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relname = $1 AND pg_table_is_visible(oid))", connection)
        { Parameters = { new() { Value = table } } };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string text, CancellationToken cancellationToken,
        params string[] values)
    {
        await using var command = new NpgsqlCommand(text, connection);
        foreach (string value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
