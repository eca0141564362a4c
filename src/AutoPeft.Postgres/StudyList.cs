using Npgsql;

namespace AutoPeft.Postgres;

/// <summary>One row of a database's list of studies: name, length of the log, and the times of creation and of the last record.</summary>
/// <param name="Name">Name of the study in the database.</param>
/// <param name="Records">Number of records in the study's log.</param>
/// <param name="Created">Time when the study was created, UTC.</param>
/// <param name="Changed">The time of its last record, UTC: long ago where nobody runs the study.</param>
public sealed record StudyEntry(string Name, long Records, DateTimeOffset Created, DateTimeOffset Changed);

/// <summary>The studies of a database.</summary>
public static class StudyList
{
    /// <summary>Every study, by name; none where the database has no tables of ours. Changes nothing.</summary>
    /// <exception cref="InvalidInputException">The server cannot be used, or its tables are not ours.</exception>
    public static async Task<IReadOnlyList<StudyEntry>> ReadAsync(StoreAddress address, CancellationToken cancellationToken = default)
    {
        await using var server = new PostgresServer(address, new PostgresStoreOptions());
        return await server.RunAsync<IReadOnlyList<StudyEntry>>(async (connection, _) =>
        {
            if (!await StoreSchema.EnsureAsync(connection, address, create: false).ConfigureAwait(false)) return [];
            await using var command = new NpgsqlCommand("""
                select name, length, created,
                    (select (e.payload->>'time')::timestamptz from autopeft.events e where e.study = s.id and e.seq = s.length - 1)
                from autopeft.studies s where length > 0 order by name
                """, connection);
            var rows = new List<StudyEntry>();
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                rows.Add(new StudyEntry(row.GetString(0), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(2),
                    row.GetFieldValue<DateTimeOffset>(3)));
            return rows;
        }, cancellationToken).ConfigureAwait(false);
    }
}
