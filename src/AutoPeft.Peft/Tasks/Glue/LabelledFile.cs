namespace AutoPeft.Peft.Tasks;

/// <summary>One split's file: sentences and the text of their labels.</summary>
internal sealed class LabelledFile
{
    private readonly TsvTable _table;

    private LabelledFile(TsvTable table, bool hasLabels) => (_table, HasLabels) = (table, hasLabels);

    public string File => _table.File;

    /// <summary>Whether there is a column of labels.</summary>
    public bool HasLabels { get; }

    /// <summary>The lines that were skipped, in a line; null where none was.</summary>
    public string? Skipped => _table.Skipped;

    public List<(int Line, string First, string? Second, string Label)> Rows { get; private set; } = [];

    /// <exception cref="InvalidInputException">The file cannot be used.</exception>
    public static LabelledFile Load(string file)
    {
        TsvTable table = TsvTable.Read(file);
        GlueColumns columns = GlueColumns.Find(table);
        if (table.Rows.Count == 0) throw new InvalidInputException($"{file}: no examples below the header");
        return new LabelledFile(table, columns.Label >= 0)
        {
            Rows = table.Rows.ConvertAll(r => (
                r.Line,
                r.Cells[columns.First],
                columns.Second < 0 ? null : r.Cells[columns.Second],
                columns.Label < 0 ? "" : r.Cells[columns.Label].Trim())),
        };
    }

    /// <summary>Refuses a file without labels; a few lines without one are skipped and counted as malformed.</summary>
    /// <exception cref="InvalidInputException">There is no column of labels, or too many lines have none.</exception>
    public void RequireLabels()
    {
        if (!HasLabels) throw new InvalidInputException($"{File}, line 1: no label column; name it 'label'");
        foreach (var (line, _, _, label) in Rows)
            if (label.Length == 0) _table.Skip(line, "no label");
        Rows = Rows.FindAll(r => r.Label.Length > 0);
        _table.RequireFewMalformed();
    }
}
