using System.Globalization;
using Npgsql;

namespace AutoPeft.Postgres;

/// <summary>
/// The database's tables, in a schema of their own. Migrations are numbered SQL files that are applied in order, each once, by whichever
/// program comes first.
/// </summary>
internal static class StoreSchema
{
    /// <summary>The newest migration that this program has.</summary>
    public const int Newest = 2;

    // Any number that nothing else locks: "autopeft" in ASCII.
    private const long MigrationLock = 0x6175746F70656674;

    // Seconds. Making the tables takes a moment: a lock that is held for so long is somebody's mistake or ill will.
    private const int LockPatience = 20;

    /// <summary>Brings the tables up to date.</summary>
    /// <param name="connection">Open.</param>
    /// <param name="address">For messages.</param>
    /// <param name="create">Whether to make them where there are none.</param>
    /// <returns>False where there are none and none were made.</returns>
    /// <exception cref="InvalidInputException">They are of a newer version or not ours; nothing was changed.</exception>
    public static async Task<bool> EnsureAsync(NpgsqlConnection connection, StoreAddress address, bool create)
    {
        int? have = await VersionAsync(connection, address).ConfigureAwait(false);
        if (have == Newest) return true;
        if (have is null && !create) return false;
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync().ConfigureAwait(false);
        await LockAsync(connection, address).ConfigureAwait(false);
        // Somebody else may have been first.
        have = await VersionAsync(connection, address).ConfigureAwait(false);
        if (have is null)
        {
            await RunAsync(connection,
                "create schema autopeft; create table autopeft.version (number integer primary key, applied timestamptz not null default "
                    + "now())").ConfigureAwait(false);
            have = 0;
        }
        for (int n = have.Value + 1; n <= Newest; n++)
        {
            await RunAsync(connection, Migration(n)).ConfigureAwait(false);
            await RunAsync(connection, string.Create(CultureInfo.InvariantCulture, $"insert into autopeft.version (number) values ({n})"))
                .ConfigureAwait(false);
        }
        await transaction.CommitAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Whoever may connect may hold an advisory lock for ever; that is said, and not waited for.</summary>
    private static async Task LockAsync(NpgsqlConnection connection, StoreAddress address)
    {
        try
        {
            await RunAsync(connection, $"set local lock_timeout = '{LockPatience}s'").ConfigureAwait(false);
            string take = string.Create(CultureInfo.InvariantCulture, $"select pg_advisory_xact_lock({MigrationLock})");
            await RunAsync(connection, take).ConfigureAwait(false);
            await RunAsync(connection, "set local lock_timeout = 0").ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new InvalidInputException($"{address}: another connection has held the lock under which tables are made for "
                + $"{LockPatience} s; end it (select pid from pg_locks where locktype = 'advisory') and try again.", e);
        }
    }

    private static async Task<int?> VersionAsync(NpgsqlConnection connection, StoreAddress address)
    {
        // The catalogue's tables, not to_regclass: that may answer from a cache of before the lock was taken.
        await using var look = new NpgsqlCommand("""
            select exists (select from pg_catalog.pg_namespace where nspname = 'autopeft'),
                exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = 'autopeft' and c.relname = 'version')
            """, connection);
        await using (NpgsqlDataReader row = await look.ExecuteReaderAsync().ConfigureAwait(false))
        {
            await row.ReadAsync().ConfigureAwait(false);
            if (!row.GetBoolean(0)) return null;
            if (!row.GetBoolean(1))
                throw new InvalidInputException($"{address} has a schema 'autopeft' that AutoPeft did not make; use another database.");
        }
        await using var read = new NpgsqlCommand("select coalesce(max(number), 0) from autopeft.version", connection);
        int version = (int)(await read.ExecuteScalarAsync().ConfigureAwait(false))!;
        return version <= Newest ? version
            : throw new InvalidInputException($"{address} was set up by a newer AutoPeft (store version {version}; this one knows up to "
                + $"{Newest}). Update AutoPeft to use it.");
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private static string Migration(int number)
    {
        using Stream stream = typeof(StoreSchema).Assembly.GetManifestResourceStream($"{number:D4}.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
