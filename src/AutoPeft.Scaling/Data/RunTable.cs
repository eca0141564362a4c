using System.Globalization;
using System.Reflection;

namespace AutoPeft.Scaling.Data;

/// <summary>One named column. Exactly one of the two arrays is set: numbers (NaN where missing) or text.</summary>
public sealed record RunColumn
{
    /// <summary>A numeric column; missing values are NaN.</summary>
    public RunColumn(string name, double[] numbers) => (Name, Numbers) = (name, numbers);

    /// <summary>A text column; missing values are empty strings.</summary>
    public RunColumn(string name, string[] texts) => (Name, Texts) = (name, texts);

    /// <summary>The column's name as the source spells it.</summary>
    public string Name { get; }

    /// <summary>The values, NaN where missing; null for a text column.</summary>
    public double[]? Numbers { get; }

    /// <summary>The values; null for a numeric column.</summary>
    public string[]? Texts { get; }

    /// <summary>Number of rows that the column holds.</summary>
    public int Count => Numbers?.Length ?? Texts!.Length;

    /// <summary>Value of row <paramref name="i"/> as text, for use as a grouping key.</summary>
    public string TextAt(int i) => Texts is { } t ? t[i] : Numbers![i].ToString("R", CultureInfo.InvariantCulture);
}

/// <summary>
/// A table of runs: named, typed columns of equal length. Every fit starts from one, whatever it was read from
/// (CSV, Parquet, a study directory, or records in memory). Immutable.
/// </summary>
public sealed class RunTable
{
    private readonly Dictionary<string, RunColumn> _byName;
    private readonly int[]? _rows;

    /// <summary>A table from named columns.</summary>
    /// <param name="source">What messages call it: usually the file's path.</param>
    /// <param name="columns">Columns of equal length with distinct names.</param>
    /// <param name="firstRowNumber">The number messages give the first row (2 for a CSV whose header is line 1).</param>
    /// <exception cref="ScalingDataException">Columns differ in length, repeat a name, or there are none.</exception>
    public RunTable(string source, IReadOnlyList<RunColumn> columns, int firstRowNumber = 1)
        : this(source, columns, firstRowNumber, null)
    {
    }

    private RunTable(string source, IReadOnlyList<RunColumn> columns, int firstRowNumber, int[]? rows)
    {
        _rows = rows;
        if (columns.Count == 0) throw new ScalingDataException($"{source}: the table has no columns.");
        _byName = new Dictionary<string, RunColumn>(StringComparer.Ordinal);
        foreach (var c in columns)
        {
            if (c.Count != columns[0].Count)
                throw new ScalingDataException(
                    $"{source}: column '{c.Name}' has {c.Count} rows, column '{columns[0].Name}' has {columns[0].Count}.");
            if (!_byName.TryAdd(c.Name, c)) throw new ScalingDataException($"{source}: column '{c.Name}' appears twice.");
        }
        Source = source;
        Columns = columns;
        FirstRowNumber = firstRowNumber;
    }

    /// <summary>Name that messages call the table by: usually the file's path.</summary>
    public string Source { get; }

    /// <summary>The columns, in the source's order.</summary>
    public IReadOnlyList<RunColumn> Columns { get; }

    /// <summary>The number that messages give to row 0.</summary>
    public int FirstRowNumber { get; }

    /// <summary>Number of rows of the table, one a run.</summary>
    public int RowCount => Columns[0].Count;

    /// <summary>The column of that exact name, or null.</summary>
    public RunColumn? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The column of a name, spelled as in the source or in other letters' case.</summary>
    /// <exception cref="ScalingDataException">There is none; the message names the nearest.</exception>
    public RunColumn Require(string name, string what = "")
    {
        var found = Find(name) ?? Columns.FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase));
        if (found is not null) return found;
        string near = ShortList.Nearest(name, Columns.Select(c => c.Name)) is { } n ? $" (is '{n}' meant?)" : "";
        throw new ScalingDataException($"{Source}: no column '{name}'{what}{near}; the columns are: {NamesForMessage}.");
    }

    /// <summary>The names of the columns, for messages: a dozen at most.</summary>
    public string NamesForMessage => ShortList.Of([.. Columns.Select(c => c.Name)]);

    /// <summary>The number that messages give to a row: the line of a file, even where rows were left out.</summary>
    public int RowNumber(int row) => FirstRowNumber + (_rows?[row] ?? row);

    /// <summary>Some of the rows, which keep their numbers.</summary>
    public RunTable Take(int[] rows) => new(Source,
        [.. Columns.Select(c => c.Numbers is { } v
            ? new RunColumn(c.Name, [.. rows.Select(i => v[i])])
            : new RunColumn(c.Name, [.. rows.Select(i => c.Texts![i])]))],
        FirstRowNumber, [.. rows.Select(i => _rows?[i] ?? i)]);

    /// <summary>Other columns over the same rows, which keep their numbers.</summary>
    public RunTable Replace(IReadOnlyList<RunColumn> columns) => new(Source, columns, FirstRowNumber, _rows);

    /// <summary>The table with further columns.</summary>
    public RunTable With(params RunColumn[] columns) => new(Source, [.. Columns, .. columns], FirstRowNumber, _rows);

    /// <summary>A table from records: one column per public property of a numeric, string, bool or enum type.</summary>
    /// <typeparam name="T">The record type; its property names are the column names.</typeparam>
    public static RunTable FromRecords<T>(IEnumerable<T> records, string source = "records")
    {
        var rows = records.ToArray();
        var columns = new List<RunColumn>();
        foreach (var p in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetIndexParameters().Length == 0))
        {
            var t = Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType;
            if (t.IsPrimitive && t != typeof(char) && t != typeof(bool) || t == typeof(decimal))
                columns.Add(new RunColumn(p.Name,
                    [.. rows.Select(r => p.GetValue(r) is { } v ? Convert.ToDouble(v, CultureInfo.InvariantCulture) : double.NaN)]));
            else if (t == typeof(string) || t == typeof(bool) || t.IsEnum)
                columns.Add(new RunColumn(p.Name, [.. rows.Select(r => p.GetValue(r)?.ToString() ?? "")]));
        }
        return new RunTable(source, columns);
    }
}
