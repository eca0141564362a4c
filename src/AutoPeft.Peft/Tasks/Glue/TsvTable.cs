using System.Text;

namespace AutoPeft.Peft.Tasks;

/// <summary>
/// A tab-separated file as GLUE writes them: no quoting, the first line names the columns (except in CoLA), each further line has as many
/// cells. Every row remembers its line, for messages. GLUE's QQP has some lines that were cut: such lines are skipped and counted, as long
/// as they are few.
/// </summary>
internal sealed class TsvTable
{
    /// <summary>The share of a file's lines that may be malformed; more say that the file is not what it seems.</summary>
    public const double MalformedShare = 0.01;

    /// <summary>The most bytes of a file: the largest of GLUE's has 80 MB, and every row is held in memory.</summary>
    public const long MaxBytes = 512L << 20;

    private string? _firstMalformed;
    private int _lines;

    private TsvTable(string file, string[] columns) => (File, Columns) = (file, columns);

    public string File { get; }

    public string[] Columns { get; }

    public List<(int Line, string[] Cells)> Rows { get; } = [];

    /// <summary>Lines that were skipped.</summary>
    public int Malformed { get; private set; }

    /// <summary>What was skipped, in a line; null where nothing was.</summary>
    public string? Skipped => _firstMalformed is null
        ? null
        : $"{Path.GetFileName(File)}: {Malformed:N0} of {_lines:N0} lines skipped as malformed, the first for {_firstMalformed}";

    /// <exception cref="InvalidInputException">
    /// Not readable, empty, not UTF-8, or more malformed lines than <see cref="MalformedShare"/>.
    /// </exception>
    public static TsvTable Read(string file)
    {
        string[] lines = Lines(file);
        // GLUE's MRPC begins with a byte-order mark and ends lines with CR LF.
        lines[0] = lines[0].TrimStart('\uFEFF');
        string[] header = Cells(lines[0]);
        if (lines[0].Trim().Length == 0)
            throw new InvalidInputException($"{file}: line 1 is empty; it should name the columns, e.g. sentence<TAB>label");

        bool headless = GlueColumns.LooksLikeHeadlessCoLA(header);
        var table = new TsvTable(file, headless ? GlueColumns.HeadlessCoLA : header);
        for (int i = headless ? 0 : 1; i < lines.Length; i++)
        {
            if (lines[i].Trim('\r', ' ').Length == 0 && i == lines.Length - 1) continue;
            string[] cells = Cells(lines[i]);
            table._lines++;
            if (cells.Length == table.Columns.Length) table.Rows.Add((i + 1, cells));
            else table.Skip(i + 1,
                $"{cells.Length} tab-separated cells where {table.Columns.Length} are expected ({string.Join(", ", table.Columns)})");
        }
        table.RequireFewMalformed();
        return table;
    }

    /// <summary>Counts a line that is left out.</summary>
    /// <param name="line">Its number.</param>
    /// <param name="reason">What is wrong with it.</param>
    public void Skip(int line, string reason)
    {
        Malformed++;
        _firstMalformed ??= $"line {line}: {reason}";
    }

    /// <summary>Refuses a file with too many malformed lines; to be asked whenever lines were skipped.</summary>
    public void RequireFewMalformed()
    {
        if (Malformed <= MalformedShare * _lines) return;
        string more = Malformed == 1 ? "" : $" ({Malformed:N0} of {_lines:N0} lines are malformed; {MalformedShare:P0} would be skipped)";
        throw new InvalidInputException($"{File}, {_firstMalformed}; correct or remove the line{more}");
    }

    private static string[] Lines(string file)
    {
        InputFile.Check(file, MaxBytes);
        try
        {
            return System.IO.File.ReadAllText(file, new UTF8Encoding(false, throwOnInvalidBytes: true)).Split('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message})", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidInputException($"{file}: not UTF-8 text; convert it first (iconv -f latin1 -t utf-8)", e);
        }
    }

    private static string[] Cells(string line) => line.TrimEnd('\r').Split('\t');
}
