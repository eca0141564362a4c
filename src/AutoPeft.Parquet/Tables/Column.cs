using System.Text;

namespace AutoPeft.Parquet.Tables;

/// <summary>
/// One named, typed column of a <see cref="Table"/>: a value or (where the column is nullable) nothing in every row.
/// Immutable, hence safe to share between threads. Made by the factories below; the values are
/// copied. A column is nullable where the factory that takes nullable values made it, even when no value is missing:
/// the type of a column must not depend on which trials happened to run.
/// </summary>
public abstract class Column
{
    private protected Column(string name, ColumnType type, bool isNullable)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!IsWellFormed(name))
        {
            throw new ArgumentException("A column's name has half of a surrogate pair, which UTF-8 cannot hold.", nameof(name));
        }
        Name = name;
        Type = type;
        IsNullable = isNullable;
    }

    /// <summary>The column's name, unique in its table.</summary>
    public string Name { get; }

    /// <summary>The Parquet type of the column's values.</summary>
    public ColumnType Type { get; }

    /// <summary>Whether a row may lack a value (Parquet: OPTIONAL, else REQUIRED).</summary>
    public bool IsNullable { get; }

    /// <summary>Number of rows that the column holds.</summary>
    public abstract int Count { get; }

    /// <summary>Number of rows without a value.</summary>
    public abstract int NullCount { get; }

    /// <summary>Whether row <paramref name="row"/> (from 0) lacks a value.</summary>
    public abstract bool IsNull(int row);

    /// <summary>The value of row <paramref name="row"/> (from 0), boxed; null where there is none.</summary>
    public object? this[int row] => GetBoxed(row);

    private protected abstract object? GetBoxed(int row);

    /// <summary>Makes a column of truth values, none of them missing.</summary>
    public static Column<bool> Bool(string name, IEnumerable<bool> values) => Required(name, ColumnType.Bool, values);

    /// <inheritdoc cref="Bool(string, IEnumerable{bool})"/>
    public static Column<bool> Bool(string name, IEnumerable<bool?> values) => Optional(name, ColumnType.Bool, values);

    /// <summary>A column of 32-bit integers.</summary>
    public static Column<int> Int32(string name, IEnumerable<int> values) => Required(name, ColumnType.Int32, values);

    /// <inheritdoc cref="Int32(string, IEnumerable{int})"/>
    public static Column<int> Int32(string name, IEnumerable<int?> values) => Optional(name, ColumnType.Int32, values);

    /// <summary>A column of 64-bit integers.</summary>
    public static Column<long> Int64(string name, IEnumerable<long> values) => Required(name, ColumnType.Int64, values);

    /// <inheritdoc cref="Int64(string, IEnumerable{long})"/>
    public static Column<long> Int64(string name, IEnumerable<long?> values) => Optional(name, ColumnType.Int64, values);

    /// <summary>A column of 32-bit floating-point numbers.</summary>
    public static Column<float> Float(string name, IEnumerable<float> values) => Required(name, ColumnType.Float, values);

    /// <inheritdoc cref="Float(string, IEnumerable{float})"/>
    public static Column<float> Float(string name, IEnumerable<float?> values) => Optional(name, ColumnType.Float, values);

    /// <summary>A column of 64-bit floating-point numbers.</summary>
    public static Column<double> Double(string name, IEnumerable<double> values) => Required(name, ColumnType.Double, values);

    /// <inheritdoc cref="Double(string, IEnumerable{double})"/>
    public static Column<double> Double(string name, IEnumerable<double?> values) => Optional(name, ColumnType.Double, values);

    /// <summary>A column of texts, each of them well-formed UTF-16.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="values">A text per row; null only where <paramref name="nullable"/>.</param>
    /// <param name="nullable">Whether the column is nullable; true by default, as most texts in a study are (an error, a device).</param>
    /// <exception cref="ArgumentException">A text is null where it may not be, or has half of a surrogate pair.</exception>
    public static Column<string> String(string name, IEnumerable<string?> values, bool nullable = true)
    {
        string?[] given = [.. values];
        var texts = new string[given.Length];
        bool[]? present = nullable ? new bool[given.Length] : null;
        for (int i = 0; i < given.Length; i++)
        {
            if (given[i] is null && !nullable)
            {
                throw new ArgumentException($"Column '{name}' must have a text in every row, and row {i} has none.", nameof(values));
            }
            if (given[i] is { } text && !IsWellFormed(text))
            {
                throw new ArgumentException($"Column '{name}' row {i} has half of a surrogate pair, which UTF-8 cannot hold.",
                    nameof(values));
            }
            texts[i] = given[i] ?? "";
            if (present is not null)
            {
                present[i] = given[i] is not null;
            }
        }
        return new Column<string>(name, ColumnType.String, texts, present);
    }

    /// <summary>A column of lists of texts, each of them well-formed UTF-16; always nullable.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="values">A list per row, which may have no element; null where there is none.</param>
    /// <exception cref="ArgumentException">A text has half of a surrogate pair.</exception>
    public static Column<IReadOnlyList<string>> StringList(string name, IEnumerable<IReadOnlyList<string>?> values)
    {
        IReadOnlyList<string>?[] given = [.. values.Select(v => v is null ? null : (IReadOnlyList<string>)[.. v])];
        for (int i = 0; i < given.Length; i++)
        {
            if (given[i]?.All(IsWellFormed) == false)
            {
                throw new ArgumentException($"Column '{name}' row {i} has half of a surrogate pair, which UTF-8 cannot hold.",
                    nameof(values));
            }
        }
        return new Column<IReadOnlyList<string>>(name, ColumnType.StringList, [.. given.Select(v => v ?? [])],
            [.. given.Select(v => v is not null)]);
    }

    /// <summary>
    /// A column of instants. Each is converted to UTC and rounded down to the unit, so that what is written is what is read.
    /// </summary>
    /// <param name="name">The column's name.</param>
    /// <param name="values">An instant per row.</param>
    /// <param name="unit"><see cref="ColumnType.TimestampMicros"/> (default: what pandas, Spark and DuckDB all hold) or
    /// <see cref="ColumnType.TimestampMillis"/>.</param>
    public static Column<DateTimeOffset> Timestamp(string name, IEnumerable<DateTimeOffset> values,
        ColumnType unit = ColumnType.TimestampMicros)
    {
        long ticks = TicksPer(unit);
        return Required(name, unit, values.Select(v => Floor(v, ticks)));
    }

    /// <inheritdoc cref="Timestamp(string, IEnumerable{DateTimeOffset}, ColumnType)"/>
    public static Column<DateTimeOffset> Timestamp(string name, IEnumerable<DateTimeOffset?> values,
        ColumnType unit = ColumnType.TimestampMicros)
    {
        long ticks = TicksPer(unit);
        return Optional(name, unit, values.Select(v => v is { } instant ? Floor(instant, ticks) : (DateTimeOffset?)null));
    }

    /// <summary>100 ns ticks in one unit of a timestamp column.</summary>
    internal static long TicksPer(ColumnType unit) => unit switch
    {
        ColumnType.TimestampMillis => TimeSpan.TicksPerMillisecond,
        ColumnType.TimestampMicros => TimeSpan.TicksPerMicrosecond,
        _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "Not a timestamp."),
    };

    internal static bool IsWellFormed(string text)
    {
        ReadOnlySpan<char> rest = text;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out int used) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }
            rest = rest[used..];
        }
        return true;
    }

    /// <summary>A text as UTF-8 can hold it: half a surrogate pair (a damaged message of a worker's) becomes U+FFFD.</summary>
    internal static string WellFormed(string text) => IsWellFormed(text) ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static DateTimeOffset Floor(DateTimeOffset instant, long ticks) =>
        new(instant.UtcTicks - instant.UtcTicks % ticks, TimeSpan.Zero);

    private static Column<T> Required<T>(string name, ColumnType type, IEnumerable<T> values) where T : struct =>
        new(name, type, [.. values], null);

    private static Column<T> Optional<T>(string name, ColumnType type, IEnumerable<T?> values) where T : struct
    {
        T?[] given = [.. values];
        var present = new bool[given.Length];
        var dense = new T[given.Length];
        for (int i = 0; i < given.Length; i++)
        {
            present[i] = given[i].HasValue;
            dense[i] = given[i].GetValueOrDefault();
        }
        return new Column<T>(name, type, dense, present);
    }
}

/// <summary>A <see cref="Column"/> whose values are of the CLR type <typeparamref name="T"/> (see <see cref="ColumnType"/>).</summary>
public sealed class Column<T> : Column where T : notnull
{
    private readonly T[] _values;
    private readonly bool[]? _present;

    internal Column(string name, ColumnType type, T[] values, bool[]? present)
        : base(name, type, present is not null)
    {
        _values = values;
        _present = present;
        NullCount = present is null ? 0 : present.Count(p => !p);
    }

    /// <inheritdoc/>
    public override int Count => _values.Length;

    /// <inheritdoc/>
    public override int NullCount { get; }

    /// <inheritdoc/>
    public override bool IsNull(int row) => _present is not null && !_present[row];

    /// <summary>The value of row <paramref name="row"/>; false where there is none.</summary>
    public bool TryGet(int row, out T value)
    {
        value = _values[row];
        return !IsNull(row);
    }

    private protected override object? GetBoxed(int row) => IsNull(row) ? null : _values[row];
}
