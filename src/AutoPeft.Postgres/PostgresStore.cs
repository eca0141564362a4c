using System.Buffers;
using System.Runtime.CompilerServices;
using AutoPeft.Studies;
using Npgsql;
using NpgsqlTypes;

namespace AutoPeft.Postgres;

/// <summary>
/// One study in a PostgreSQL database that any number of machines share. An append is one call of a function on the server, in a
/// transaction of its own under the lock of the study's row: it never waits for a client. Records are durable when it returns, unless the
/// server runs with <c>synchronous_commit</c> or <c>fsync</c> off.
/// </summary>
/// <remarks>
/// A lost connection is retried. Whether an append whose answer was lost took place is known by the identifier that its records carry, so
/// that none is lost and none is doubled. Thread-safe.
/// </remarks>
public sealed class PostgresStore : IStudyStore
{
    private const int RowsPerRead = 20_000;

    private readonly PostgresServer _server;
    private readonly ChangeListener _listener;
    private StudyDefinition? _definition;

    private PostgresStore(PostgresServer server, string name)
    {
        (_server, Name) = (server, name);
        _listener = new ChangeListener(server, name);
    }

    /// <summary>Name of the study whose log the store holds.</summary>
    public string Name { get; }

    /// <summary>Address of the store's database, without a password.</summary>
    public StoreAddress Address => _server.Address;

    /// <summary>
    /// A place for a new study. The tables are made where the database has none; the study itself comes to be with its first record.
    /// </summary>
    /// <exception cref="InvalidInputException">The database has a study of this name, the server cannot be used, or its tables are not
    /// ours.</exception>
    public static async Task<PostgresStore> CreateAsync(StoreAddress address, string name, PostgresStoreOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        CheckName(name);
        PostgresStore store = await ConnectAsync(address, name, options, create: true, cancellationToken).ConfigureAwait(false);
        if (await store.LengthAsync(cancellationToken).ConfigureAwait(false) is null or 0) return store;
        await store.DisposeAsync().ConfigureAwait(false);
        throw new InvalidInputException(
            $"{address} has a study '{name}' already; join it with `autopeft worker --store … --study {name}`, or choose another name.");
    }

    /// <summary>Opens the store of a study that exists in the database.</summary>
    /// <exception cref="InvalidInputException">There is none of this name, the server cannot be used, or its tables are not
    /// ours.</exception>
    public static async Task<PostgresStore> OpenAsync(StoreAddress address, string name, PostgresStoreOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        CheckName(name);
        PostgresStore store = await ConnectAsync(address, name, options, create: false, cancellationToken).ConfigureAwait(false);
        if (await store.LengthAsync(cancellationToken).ConfigureAwait(false) is > 0) return store;
        await store.DisposeAsync().ConfigureAwait(false);
        throw new InvalidInputException($"{address} has no study '{name}'; `autopeft studies --store …` lists those there are, `autopeft "
            + $"sweep … --store … --study {name}` makes one.");
    }

    /// <summary>A study that is there, or the place for one: for programs that all make it if they are the first.</summary>
    /// <exception cref="InvalidInputException">The server cannot be used, or its tables are not ours.</exception>
    public static Task<PostgresStore> OpenOrCreateAsync(StoreAddress address, string name, PostgresStoreOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        CheckName(name);
        return ConnectAsync(address, name, options, create: true, cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StudyEvent> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        if (_definition is null && from > 0)
            await foreach (StudyEvent _ in ReadAsync(0, 1, cancellationToken).ConfigureAwait(false)) { }
        await foreach (StudyEvent e in ReadAsync(from, long.MaxValue, cancellationToken).ConfigureAwait(false)) yield return e;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryAppendAsync(long expected, IReadOnlyList<StudyEvent> events, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        byte[][] payloads = Payloads(events);
        Guid origin = Guid.CreateVersion7();
        bool appended = await _server.RunAsync(async (connection, tries) =>
        {
            await using var command = new NpgsqlCommand("select autopeft.append($1, $2, $3, $4)", connection)
            {
                Parameters =
                {
                    new() { Value = Name }, new() { Value = expected }, new() { Value = origin },
                    new() { Value = payloads, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Json },
                },
            };
            if ((long)(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))! >= 0) return true;
            // Refused, perhaps because an earlier try of this very append came through and only its answer was lost.
            return tries > 0 && await IsAtAsync(connection, expected, origin).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        if (!appended) return false;
        _definition ??= events.OfType<StudyCreated>().FirstOrDefault()?.Definition;
        return true;
    }

    /// <inheritdoc/>
    public Task WaitForChangeAsync(long length, TimeSpan atMost, CancellationToken cancellationToken) =>
        _listener.WaitAsync(length, atMost, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static void CheckName(string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > 200 || name.Any(char.IsControl))
            throw new InvalidInputException("A study's name is one line of 1 to 200 characters.");
    }

    private static async Task<PostgresStore> ConnectAsync(StoreAddress address, string name, PostgresStoreOptions? options, bool create,
        CancellationToken cancellationToken)
    {
        var server = new PostgresServer(address, options ?? new PostgresStoreOptions());
        try
        {
            if (!await server.RunAsync((connection, _) => StoreSchema.EnsureAsync(connection, address, create), cancellationToken)
                .ConfigureAwait(false))
                throw new InvalidInputException(
                    $"{address} has no studies yet; `autopeft sweep … --store … --study {name}` makes one.");
            return new PostgresStore(server, name);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static byte[][] Payloads(IReadOnlyList<StudyEvent> events)
    {
        var payloads = new byte[events.Count][];
        var buffer = new ArrayBufferWriter<byte>(512);
        for (int i = 0; i < payloads.Length; i++)
        {
            buffer.ResetWrittenCount();
            EventJson.Write(buffer, events[i]);
            payloads[i] = buffer.WrittenSpan.ToArray();
        }
        return payloads;
    }

    private async IAsyncEnumerable<StudyEvent> ReadAsync(long from, long to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (from < to)
        {
            List<StudyEvent> part = await _server.RunAsync(
                (connection, _) => ReadPartAsync(connection, from, Math.Min(to, from + RowsPerRead), cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            foreach (StudyEvent e in part) yield return e;
            from += part.Count;
            if (part.Count < RowsPerRead) break;
        }
    }

    private async Task<List<StudyEvent>> ReadPartAsync(NpgsqlConnection connection, long from, long to, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            select e.seq, e.payload from autopeft.events e
            where e.study = (select id from autopeft.studies where name = $1) and e.seq >= $2 and e.seq < $3 order by e.seq
            """, connection)
        { Parameters = { new() { Value = Name }, new() { Value = from }, new() { Value = to } } };
        var events = new List<StudyEvent>();
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            long seq = row.GetInt64(0);
            if (seq != from + events.Count)
                throw new InvalidInputException(
                    $"{Address}: the log of study '{Name}' has no record {from + events.Count}; restore the database from a copy.");
            StudyEvent e = EventReader.Read(row.GetFieldValue<byte[]>(1), _definition);
            if (e is StudyCreated c) _definition = c.Definition;
            events.Add(e);
        }
        return events;
    }

    private async Task<bool> IsAtAsync(NpgsqlConnection connection, long position, Guid origin)
    {
        await using var command = new NpgsqlCommand(
            "select exists (select from autopeft.events where study = (select id from autopeft.studies where name = $1) and seq = $2 and "
                + "origin = $3)", connection)
        { Parameters = { new() { Value = Name }, new() { Value = position }, new() { Value = origin } } };
        return (bool)(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!;
    }

    private Task<long?> LengthAsync(CancellationToken cancellationToken) => _server.RunAsync(async (connection, _) =>
    {
        await using var command = new NpgsqlCommand("select length from autopeft.studies where name = $1",
            connection)
        { Parameters = { new() { Value = Name } } };
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as long?;
    }, cancellationToken);
}
