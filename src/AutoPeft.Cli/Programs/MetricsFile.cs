using System.Collections.Immutable;
using System.Text;

namespace AutoPeft.Cli.Programs;

/// <summary>
/// A file to which a program appends a JSON object of numbers a line, read as it grows. "step" says at which step a line was measured;
/// without it lines count on from 1.
/// </summary>
internal sealed class MetricsFile
{
    private const string Step = "step";

    private readonly string _path;
    private readonly StringBuilder _rest = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private long _at;
    private long _step;

    /// <param name="path">Where the file is or will be.</param>
    /// <param name="from">Step after which lines count on.</param>
    public MetricsFile(string path, long from) => (_path, _at, _step) = (path, File.Exists(path) ? new FileInfo(path).Length : 0, from);

    /// <summary>The whole lines that were appended since the last call; a line that is no JSON object is passed over.</summary>
    public IReadOnlyList<(long Step, ImmutableSortedDictionary<string, double> Metrics)> ReadNew()
    {
        if (!File.Exists(_path)) return [];
        using (var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            if (file.Length <= _at) return [];
            file.Position = _at;
            var bytes = new byte[file.Length - _at];
            int read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var characters = new char[_decoder.GetCharCount(bytes, 0, read)];
            _decoder.GetChars(bytes, 0, read, characters, 0);
            _rest.Append(characters);
            _at += read;
        }
        string text = _rest.ToString();
        int end = text.LastIndexOf('\n');
        if (end < 0) return [];
        _rest.Clear().Append(text, end + 1, text.Length - end - 1);
        var lines = new List<(long, ImmutableSortedDictionary<string, double>)>();
        foreach (string line in text[..end].Split('\n'))
        {
            if (PythonJson.Numbers(line) is not { Count: > 0 } metrics) continue;
            _step = metrics.TryGetValue(Step, out double step) && step is >= 0 and < 1e15 ? (long)step : _step + 1;
            lines.Add((_step, metrics.Remove(Step)));
        }
        return lines;
    }
}
