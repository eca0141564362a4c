using System.Globalization;
using AutoPeft.Analysis.Comparison;
using AutoPeft.Reporting;
using Spectre.Console;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A sweep's front on other tasks: each task's final evaluation, and a robust aggregate over them.</summary>
internal static class TransferTable
{
    /// <summary>Name of the directory under the sweep's.</summary>
    public const string Folder = "transfer";

    /// <summary>Evaluates, or goes on evaluating, the front and the baselines on each task.</summary>
    public static async Task<IReadOnlyList<(string Task, IReadOnlyList<FinalRow> Rows)>> RunAsync(
        SweepFolder folder, IReadOnlyList<string> tasks, FinalOptions how, RunArguments run, CancellationToken cancellationToken)
    {
        var tables = new List<(string, IReadOnlyList<FinalRow>)>();
        foreach (string task in tasks)
        {
            string path = Path.Combine(folder.Path, Folder, FileNames.Of(task));
            await FinalTable.RunAsync(folder, path, how with { Task = task }, run, cancellationToken).ConfigureAwait(false);
            tables.Add((task, await FinalTable.ReadAtAsync(path, cancellationToken).ConfigureAwait(false)));
        }
        return tables;
    }

    /// <summary>
    /// Prints the mean test score by task, the worst rank, and the score of the performance profile of errors (1 − score where scores end
    /// at 1): best first.
    /// </summary>
    public static void Print(IReadOnlyList<(string Task, IReadOnlyList<FinalRow> Rows)> tables)
    {
        string[] names = [.. tables[0].Rows.Select(r => r.Name).Where(n => tables.All(t => t.Rows.Any(r => r.Name == n)))];
        double Score(string name, int t) => tables[t].Rows.First(r => r.Name == name).TestMean;
        // See TaskTable.LeastError.
        var profiles = new PerformanceProfiles(names,
            [.. names.Select(
                n => Enumerable.Range(0, tables.Count).Select(t => Math.Max(1 - Score(n, t), TaskTable.LeastError)).ToArray())]);
        Table table = new Table().Border(TableBorder.Simple).AddColumn("");
        foreach ((string task, _) in tables) table.AddColumn(new TableColumn(Markup.Escape(task.Split(';')[0])).RightAligned());
        table.AddColumn(new TableColumn("worst rank").RightAligned()).AddColumn(new TableColumn("profile score").RightAligned());
        foreach (int i in profiles.Ranking())
        {
            string name = names[i];
            int worst = Enumerable.Range(0, tables.Count).Max(t => 1 + names.Count(n => Score(n, t) > Score(name, t)));
            table.AddRow([new Text(name),
                .. Enumerable.Range(0, tables.Count)
                    .Select(t => new Text((100 * Score(name, t)).ToString("0.0", CultureInfo.InvariantCulture))),
                new Text(worst.ToString(CultureInfo.InvariantCulture)),
                new Text(profiles.Score(i).ToString("0.00", CultureInfo.InvariantCulture))]);
        }
        AnsiConsole.Write(table);
    }
}
