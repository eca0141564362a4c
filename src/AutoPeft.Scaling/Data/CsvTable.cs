using System.Runtime.InteropServices;
using System.Text;

namespace AutoPeft.Scaling.Data;

/// <summary>
/// Reads comma-, semicolon- or tab-separated text (RFC 4180 quoting, a header line, an optional byte order mark). A column is numeric
/// when every non-empty cell is a number (<see cref="NumberCell"/>); words for missing numbers count as numbers, since diverged runs are
/// written that way. Memory is the text's plus eight bytes a cell.
/// </summary>
public static class CsvTable
{
    private const string Separators = ",\t;";

    /// <summary>Reads a table from a delimited text file.</summary>
    /// <exception cref="ScalingDataException">The file is absent, empty, binary, or a line has more or fewer cells than the
    /// header.</exception>
    public static RunTable Read(string path) => Parse(TextBytes.Read(path), path);

    /// <summary>Parses text; <paramref name="source"/> is what messages call it.</summary>
    /// <exception cref="ScalingDataException">The text is empty, or a line has more or fewer cells than the header.</exception>
    public static RunTable Parse(string text, string source)
    {
        int start = text.StartsWith('\uFEFF') ? 1 : 0;
        int endOfHeader = text.IndexOf('\n', start);
        var headerLine = endOfHeader < 0 ? text[start..] : text[start..endOfHeader];
        char separator = Separators.MaxBy(s => headerLine.Count(c => c == s));
        var cells = new Cells(text, separator, source);
        cells.Scan(start);
        string[] names = cells.Header(source);
        int rows = cells.RowCount;
        if (rows == 0) throw new ScalingDataException($"{source}: the file has a header ({ShortList.Of(names)}) and no rows.");
        var columns = new RunColumn[names.Length];
        for (int c = 0; c < names.Length; c++) columns[c] = cells.Column(c, names[c]);
        return new RunTable(source, columns, firstRowNumber: 2);
    }

    /// <summary>Where each cell lies in the text.</summary>
    private sealed class Cells(string text, char separator, string source)
    {
        private readonly List<(int Start, int Length)> _at = [];
        private readonly Dictionary<int, string> _unquoted = [];
        private int _width;

        public int RowCount => _width == 0 ? 0 : _at.Count / _width - 1;

        public string[] Header(string source)
        {
            if (_width == 0) throw new ScalingDataException($"{source}: the file is empty; a header line with column names is expected.");
            string[] names = [.. Enumerable.Range(0, _width).Select(c => Text(c).Trim() is { Length: > 0 } name ? name : $"column{c + 1}")];
            if (names.Length > 1 && names.Count(n => NumberCell.TryParse(n, out _)) > names.Length / 2)
                throw new ScalingDataException(
                    $"{source}: the first line holds numbers ({ShortList.Of(names)}); a header line with column names is expected.");
            return names;
        }

        public RunColumn Column(int column, string name)
        {
            int rows = RowCount;
            var numbers = new double[rows];
            bool any = false, all = true;
            for (int r = 0; r < rows && all; r++)
            {
                var cell = Span((r + 1) * _width + column);
                if (cell.IsEmpty) numbers[r] = double.NaN;
                else if (NumberCell.TryParse(cell, out numbers[r])) any = true;
                else all = false;
            }
            if (any && all) return new RunColumn(name, numbers);
            var texts = new string[rows];
            for (int r = 0; r < rows; r++) texts[r] = Text((r + 1) * _width + column).Trim();
            return new RunColumn(name, texts);
        }

        public void Scan(int at)
        {
            int line = 1;
            while (at < text.Length)
            {
                int first = _at.Count, startLine = line;
                bool blank = true, more = true;
                while (more) (at, more) = Cell(at, ref line, ref blank);
                line++;
                int found = _at.Count - first;
                if (blank && found == 1) _at.RemoveAt(first);
                else if (_width == 0) _width = found;
                else if (found != _width)
                    throw new ScalingDataException($"{source}, line {startLine}: {found} cells where the header has {_width} columns.");
            }
        }

        // One cell; more tells whether the line goes on.
        private (int Next, bool More) Cell(int at, ref int line, ref bool blank)
        {
            if (at < text.Length && text[at] == '"') return Quoted(at, ref line, ref blank);
            int end = at;
            while (end < text.Length && text[end] != separator && text[end] != '\n') end++;
            int length = end - at;
            if (length > 0 && text[end - 1] == '\r' && (end == text.Length || text[end] == '\n')) length--;
            blank &= length == 0;
            _at.Add((at, length));
            bool more = end < text.Length && text[end] == separator;
            return (end + 1, more);
        }

        private (int Next, bool More) Quoted(int at, ref int line, ref bool blank)
        {
            var cell = new StringBuilder();
            int i = at + 1, opened = line;
            for (; ; i++)
            {
                if (i >= text.Length) throw new ScalingDataException($"{source}, line {opened}: a quoted cell is not closed.");
                if (text[i] == '"' && i + 1 < text.Length && text[i + 1] == '"') cell.Append(text[i++]);
                else if (text[i] == '"') break;
                else
                {
                    cell.Append(text[i]);
                    if (text[i] == '\n') line++;
                }
            }
            int end = i + 1;
            while (end < text.Length && text[end] != separator && text[end] != '\n') cell.Append(text[end++]);
            _unquoted[_at.Count] = cell.ToString().TrimEnd('\r');
            _at.Add((at, 0));
            blank = false;
            return (end + 1, end < text.Length && text[end] == separator);
        }

        private ReadOnlySpan<char> Span(int index)
        {
            if (_unquoted.Count > 0 && _unquoted.TryGetValue(index, out string? quoted)) return quoted.AsSpan().Trim();
            var (start, length) = CollectionsMarshal.AsSpan(_at)[index];
            return text.AsSpan(start, length).Trim();
        }

        private string Text(int index) => Span(index).ToString();
    }
}
