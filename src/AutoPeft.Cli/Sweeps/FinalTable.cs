using System.Globalization;
using AutoPeft.Analysis.Racing;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Reporting;
using AutoPeft.Studies;
using Spectre.Console;

namespace AutoPeft.Cli.Sweeps;

/// <summary>The final evaluation's table: test score over the seeds, mean and standard deviation, of each member of the front and each baseline.</summary>
internal static class FinalTable
{
    /// <summary>Name of the directory under the sweep's.</summary>
    public const string Folder = "final";

    /// <summary>Evaluates, or goes on evaluating, a sweep's front on its own task, every repeat of everyone.</summary>
    public static Task RunAsync(SweepFolder folder, int seeds, RunArguments run, CancellationToken cancellationToken) =>
        RunAsync(folder, Path.Combine(folder.Path, Folder), seeds, run, null, null, cancellationToken);

    /// <summary>Evaluates, or goes on evaluating, a sweep's front; one of an earlier front is replaced.</summary>
    /// <param name="folder">The sweep.</param>
    /// <param name="path">Where the evaluation is kept.</param>
    /// <param name="seeds">Repeats of each candidate, at most.</param>
    /// <param name="run">How to run.</param>
    /// <param name="task">Another task than the sweep's, or null.</param>
    /// <param name="race">Runs in all that a race may take, or null to run every repeat.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task RunAsync(SweepFolder folder, string path, int seeds, RunArguments run, string? task, int? race, CancellationToken cancellationToken)
    {
        if (folder.Log.Study.Definition.Settings.GetValueOrDefault(SweepProblems.SpaceSetting)?.StartsWith(FunctionProblem.Prefix, StringComparison.Ordinal) != false)
            throw new InvalidInputException("A final evaluation retrains models; this study has none.");
        StudyDefinition definition = FinalProblem.Define(folder.Log.Study, seeds, task, race);
        await using SweepFolder final = await OpenAsync(path, definition, cancellationToken).ConfigureAwait(false);
        if (race is null)
            await final.Log.EnqueueMissingAsync(
                from repeat in Enumerable.Range(0, seeds)
                from candidate in Enumerable.Range(0, definition.Budget!.Value / seeds)
                select definition.Space.FromValues(new Dictionary<string, object?> { ["candidate"] = candidate, ["repeat"] = repeat }), cancellationToken).ConfigureAwait(false);
        await SweepRun.RunAsync(final, run, cancellationToken, tables: false).ConfigureAwait(false);
        if (race is null) return;
        RaceStanding standing = new RaceSampler().Standing(final.Log.Study);
        IReadOnlyList<FinalProblem.Entry> entries = FinalProblem.Entries(definition);
        string left = string.Join(", ", standing.Alive.Select(i => entries[i].Name));
        Console.Out.WriteLine(standing.IsDecided ? $"the race is decided after {final.Log.Study.Completed.Count} runs: {left}"
            : $"not told apart after {final.Log.Study.Completed.Count} runs: {left}{(standing.Leader >= 0 ? $"; {entries[standing.Leader].Name} leads" : "")}");
    }

    /// <summary>The rows by descending mean test score; empty where there was no final evaluation.</summary>
    public static async Task<IReadOnlyList<FinalRow>> ReadAsync(string sweep, CancellationToken cancellationToken)
    {
        return await ReadAtAsync(Path.Combine(sweep, Folder), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same, of an evaluation kept at <paramref name="path"/>.</summary>
    public static async Task<IReadOnlyList<FinalRow>> ReadAtAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(path, SweepFolder.LogName))) return [];
        await using SweepFolder final = await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
        IStudyView study = final.Log.Study;
        PeftTrialOptions options = PeftSettings.Read(study.Definition);
        double encoder = BertTensors.EncoderCount(Checkpoint.ReadConfig(options.ModelDirectory));
        string count = options.Count == CountingRule.Paper ? "paper_parameters" : "exact_parameters";
        IReadOnlyList<FinalProblem.Entry> entries = FinalProblem.Entries(study.Definition);
        var rows = new List<FinalRow>();
        foreach (IGrouping<int, Trial> runs in study.Completed.GroupBy(t => t.Configuration.GetInt("candidate")))
        {
            double[] scores = [.. runs.Select(t => t.Values[0])];
            double mean = scores.Average(), sd = scores.Length < 2 ? double.NaN : Math.Sqrt(scores.Sum(s => (s - mean) * (s - mean)) / (scores.Length - 1));
            FinalProblem.Entry entry = entries[runs.Key];
            long parameters = (long)runs.First().Metrics[count];
            rows.Add(new FinalRow(entry.Name, parameters, parameters / encoder, mean, sd, scores.Length)
            {
                DevScore = entry.DevScore ?? runs.Average(t => t.Metrics["dev_score"]),
                IsBaseline = entry.Trial is null,
                TrialNumber = entry.Trial,
            });
        }
        return [.. rows.OrderByDescending(r => r.TestMean).ThenBy(r => r.TrainableParameters)];
    }

    /// <summary>
    /// What a final evaluation measured again of the sweep's objectives, by objective and trial: the same configurations under other seeds.
    /// Empty where there was none.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyDictionary<int, IReadOnlyList<double>>>> RepeatsAsync(
        string sweep, StudyDefinition definition, CancellationToken cancellationToken)
    {
        var repeats = new Dictionary<string, IReadOnlyDictionary<int, IReadOnlyList<double>>>();
        string path = Path.Combine(sweep, Folder);
        if (!File.Exists(Path.Combine(path, SweepFolder.LogName))) return repeats;
        await using SweepFolder final = await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<FinalProblem.Entry> entries = FinalProblem.Entries(final.Log.Study.Definition);
        foreach (Objective o in definition.Objectives)
        {
            repeats[o.Name] = final.Log.Study.Completed
                .Where(t => entries[t.Configuration.GetInt("candidate")].Trial is not null && t.Metrics.ContainsKey(o.Name))
                .GroupBy(t => entries[t.Configuration.GetInt("candidate")].Trial!.Value)
                .ToDictionary(g => g.Key, g => (IReadOnlyList<double>)[.. g.Select(t => t.Metrics[o.Name])]);
        }
        return repeats;
    }

    /// <summary>Prints the table; what was found is set apart from what was given.</summary>
    public static void Print(IReadOnlyList<FinalRow> rows)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("").AddColumn(new TableColumn("trainable").RightAligned()).AddColumn(new TableColumn("share").RightAligned())
            .AddColumn(new TableColumn("dev").RightAligned()).AddColumn(new TableColumn("test, mean ± sd").RightAligned());
        foreach (FinalRow r in rows)
        {
            string test = $"{Percent(r.TestMean)} ± {(double.IsNaN(r.TestSd) ? "–" : Percent(r.TestSd))}";
            table.AddRow(new Text(r.IsBaseline ? r.Name : $"{r.Name} (found)", new Style(decoration: r.IsBaseline || Console.IsOutputRedirected ? Decoration.None : Decoration.Bold)), new Text(r.TrainableParameters.ToString("N0", CultureInfo.InvariantCulture)),
                new Text(r.Share.ToString("P2", CultureInfo.InvariantCulture)), new Text(r.DevScore is { } d ? Percent(d) : ""), new Text(test));
        }
        AnsiConsole.Write(table);
    }

    private static string Percent(double score) => (100 * score).ToString("0.0", CultureInfo.InvariantCulture);

    private static async Task<SweepFolder> OpenAsync(string path, StudyDefinition definition, CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(path, SweepFolder.LogName)))
        {
            SweepFolder earlier = await SweepFolder.OpenAsync(path, toRun: true, cancellationToken).ConfigureAwait(false);
            if (earlier.Log.Study.Definition.IsSameStudyAs(definition)) return earlier;
            // It evaluated another front, or under other seeds: it is derived from the sweep, and is made anew.
            await earlier.DisposeAsync().ConfigureAwait(false);
            Directory.Delete(path, recursive: true);
        }
        return await SweepFolder.CreateAsync(path, definition, cancellationToken).ConfigureAwait(false);
    }
}
