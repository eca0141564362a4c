using System.Globalization;
using System.Text;
using AutoPeft.Parquet.Tables;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Cli.Laws;

/// <summary>The runs as a table that every fit reads as it is.</summary>
internal static class LawTable
{
    /// <summary>Runs in memory, as fits read them from the file.</summary>
    public static RunTable Of(IReadOnlyList<LawRun> runs, int length, string source) =>
        new(source, [.. Columns(length).Select(c => new RunColumn(c.Name, [.. runs.Select(c.Of)]))]);

    /// <summary>Writes runs.parquet and runs.csv.</summary>
    public static void Write(IReadOnlyList<LawRun> runs, int length, string folder)
    {
        (string Name, Func<LawRun, double> Of)[] columns = Columns(length);
        ParquetFile.Write(Path.Combine(folder, "runs.parquet"), new Table("runs",
        [
            Column.String("size", runs.Select(r => r.Size.ToString())),
            .. columns.Select(c => Column.Double(c.Name, runs.Select(c.Of))),
        ]));
        var text = new StringBuilder("size,").AppendJoin(',', columns.Select(c => c.Name)).Append('\n');
        foreach (LawRun run in runs)
            text.Append(run.Size).Append(',')
                .AppendJoin(',', columns.Select(c => c.Of(run).ToString("R", CultureInfo.InvariantCulture))).Append('\n');
        WholeFile.Write(Path.Combine(folder, "runs.csv"), text.ToString());
    }

    private static (string Name, Func<LawRun, double> Of)[] Columns(int length) =>
    [
        ("N", r => r.Size.Params), ("D", r => r.Tokens), ("C", r => r.Size.FlopPerToken(length) * r.Tokens), ("lr", r => r.LearningRate),
        ("batch", r => r.Batch), ("seq_len", _ => length), ("steps", r => (double)(r.Tokens / r.Batch / length)), ("loss", r => r.Loss),
        ("seconds", r => r.Seconds),
    ];
}
