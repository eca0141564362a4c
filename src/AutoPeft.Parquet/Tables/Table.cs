namespace AutoPeft.Parquet.Tables;

/// <summary>
/// A flat table in memory: named, typed columns of equal length and free key-value texts that travel in the file's
/// footer. Immutable, hence safe to share between threads.
/// </summary>
public sealed class Table
{
    /// <summary>The metadata key under which <see cref="Name"/> travels; no entry of <see cref="Metadata"/> may use it.</summary>
    public const string NameKey = "autopeft.table";

    private readonly Dictionary<string, Column> _byName;

    /// <param name="name">The table's name, as "trials".</param>
    /// <param name="columns">At least one, all of the same length, names unique (case counts).</param>
    /// <param name="metadata">Free texts; none by default. The order of the keys is not kept: files hold them in ordinal order.</param>
    /// <exception cref="ArgumentException">No column, columns of different lengths, a name twice, or the reserved metadata key.</exception>
    public Table(string name, IEnumerable<Column> columns, IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        Columns = [.. columns];
        if (Columns.Count == 0)
        {
            throw new ArgumentException($"Table '{name}' has no columns; a Parquet file needs at least one.", nameof(columns));
        }
        _byName = new Dictionary<string, Column>(StringComparer.Ordinal);
        foreach (Column column in Columns)
        {
            if (column.Count != Columns[0].Count)
            {
                throw new ArgumentException(
                    $"Table '{name}': column '{column.Name}' has {column.Count} rows, '{Columns[0].Name}' has {Columns[0].Count}.",
                    nameof(columns));
            }
            if (!_byName.TryAdd(column.Name, column))
            {
                throw new ArgumentException($"Table '{name}' has two columns named '{column.Name}'.", nameof(columns));
            }
        }
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in metadata ?? [])
        {
            if (key == NameKey)
            {
                throw new ArgumentException($"Table '{name}': the metadata key '{NameKey}' is taken by the table's name.",
                    nameof(metadata));
            }
            sorted[key] = value;
        }
        Metadata = sorted;
    }

    /// <summary>Name of the table, such as "trials".</summary>
    public string Name { get; }

    /// <summary>The columns, in the file's order.</summary>
    public IReadOnlyList<Column> Columns { get; }

    /// <summary>Free texts, in the ordinal order of their keys.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Number of rows of the table.</summary>
    public int RowCount => Columns[0].Count;

    /// <summary>The column of that name (case counts).</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Column this[string name] => _byName.TryGetValue(name, out Column? column)
        ? column
        : throw new KeyNotFoundException(
            $"Table '{Name}' has no column '{name}'; it has {string.Join(", ", Columns.Select(c => c.Name))}.");

    /// <summary>The metadata as files hold it: with the table's name.</summary>
    internal IEnumerable<KeyValuePair<string, string>> MetadataWithName() =>
        Metadata.Append(new(NameKey, Name)).OrderBy(p => p.Key, StringComparer.Ordinal);

    /// <summary>The table that a file held; <paramref name="fallbackName"/> where another program wrote it.</summary>
    internal static Table FromFile(string fallbackName, IEnumerable<Column> columns, IReadOnlyDictionary<string, string> metadata) =>
        new(metadata.TryGetValue(NameKey, out string? name) && name.Length > 0 ? name : fallbackName, columns,
            metadata.Where(p => p.Key != NameKey));
}
