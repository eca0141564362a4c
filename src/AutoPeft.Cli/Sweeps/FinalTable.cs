using System.Globalization;
using AutoPeft.Analysis.Racing;
using AutoPeft.Cli.Insight;
using AutoPeft.Parquet.Tables;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Training;
using AutoPeft.Reporting;
using AutoPeft.Studies;
using Spectre.Console;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// The final evaluation's table: test score over the seeds, mean and standard deviation, of each member of the front and each baseline.
/// </summary>
internal static class FinalTable
{
    /// <summary>Name of the directory under the sweep's.</summary>
    public const string Folder = "final";

    /// <summary>Evaluates, or goes on evaluating, a sweep's front; one of an earlier front is replaced.</summary>
    /// <param name="folder">The sweep.</param>
    /// <param name="path">Where the evaluation is kept.</param>
    /// <param name="how">How often, at which rates, on which task.</param>
    /// <param name="run">How to run.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task RunAsync(
        SweepFolder folder, string path, FinalOptions how, RunArguments run, CancellationToken cancellationToken)
    {
        IStudyView search = folder.Log.Study;
        (int seeds, string? task, int? race) = (how.Seeds, how.Task, how.Race);
        PeftTrialOptions options = FinalProblem.OptionsOf(search, task);
        LearningRateGrid grid = how.Rates is { } rates
            ? LearningRateGrid.Of(rates)
            : LearningRateGrid.For(Checkpoint.ReadConfig(options.ModelDirectory));
        IReadOnlyList<FinalEntry> entries = await RateSearch.RunAsync(
            folder, path + RateSearch.Suffix, FinalEntry.Of(search, options), grid, task, run, cancellationToken).ConfigureAwait(false);
        StudyDefinition definition = FinalProblem.DefineScores(search, entries, seeds, task, race);
        await using SweepFolder final = await OpenAsync(path, definition, cancellationToken).ConfigureAwait(false);
        if (race is null)
            await final.Log.EnqueueMissingAsync(
                from repeat in Enumerable.Range(0, seeds)
                from candidate in Enumerable.Range(0, definition.Budget!.Value / seeds)
                select definition.Space.FromValues(new Dictionary<string, object?> { ["candidate"] = candidate, ["repeat"] = repeat }),
                cancellationToken).ConfigureAwait(false);
        await SweepRun.RunAsync(final, run, cancellationToken, tables: false).ConfigureAwait(false);
        if (race is null) return;
        RaceStanding standing = new RaceSampler().Standing(final.Log.Study);
        string left = string.Join(", ", standing.Alive.Select(i => entries[i].Name));
        Console.Out.WriteLine(standing.IsDecided ? $"the race is decided after {final.Log.Study.Completed.Count} runs: {left}"
            : $"not told apart after {final.Log.Study.Completed.Count} runs: "
                + $"{left}{(standing.Leader >= 0 ? $"; {entries[standing.Leader].Name} leads" : "")}");
    }

    /// <summary>The rows by descending mean test score; empty where there was no final evaluation.</summary>
    public static Task<IReadOnlyList<FinalRow>> ReadAsync(string sweep, CancellationToken cancellationToken) =>
        ReadAtAsync(Path.Combine(sweep, Folder), cancellationToken);

    /// <summary>The same, of an evaluation kept at <paramref name="path"/>.</summary>
    public static async Task<IReadOnlyList<FinalRow>> ReadAtAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(path, SweepFolder.LogName))) return [];
        await using SweepFolder final = await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
        IStudyView study = final.Log.Study;
        FinalProblem problem = FinalProblem.Of(study.Definition);
        double encoder = BertTensors.EncoderCount(Checkpoint.ReadConfig(problem.Model));
        string count = problem.Count == CountingRule.Paper ? "paper_parameters" : "exact_parameters";
        IReadOnlyList<FinalEntry> entries = problem.Candidates;
        var rows = new List<FinalRow>();
        foreach (IGrouping<int, Trial> runs in study.Completed.GroupBy(t => t.Configuration.GetInt("candidate")))
        {
            double[] scores = [.. runs.Select(t => t.Values[0])];
            double mean = scores.Average(),
                sd = scores.Length < 2 ? double.NaN : Math.Sqrt(scores.Sum(s => (s - mean) * (s - mean)) / (scores.Length - 1));
            FinalEntry entry = entries[runs.Key];
            long parameters = (long)runs.First().Metrics[count];
            rows.Add(new FinalRow(entry.Name, parameters, parameters / encoder, mean, sd, scores.Length)
            {
                DevScore = entry.DevScore ?? runs.Average(t => t.Metrics["dev_score"]),
                LearningRate = entry.LearningRate,
                RateNote = entry.Choice switch
                {
                    RateChoice.Searched => "searched",
                    RateChoice.Lowest => "lowest tried",
                    RateChoice.Highest => "highest tried",
                    _ => null,
                },
                IsBaseline = entry.Trial is null,
                TrialNumber = entry.Trial,
            });
        }
        return [.. rows.OrderByDescending(r => r.TestMean).ThenBy(r => r.TrainableParameters)];
    }

    /// <summary>Writes the rows into a directory as <c>final.parquet</c> and <c>final.json</c>.</summary>
    public static void Write(string directory, IReadOnlyList<FinalRow> rows)
    {
        ParquetFile.Write(Path.Combine(directory, "final.parquet"), new Parquet.Tables.Table("final",
        [
            Column.String("name", rows.Select(r => r.Name), nullable: false),
            Column.Int32("trial", rows.Select(r => r.TrialNumber)),
            Column.Int64("trainable_parameters", rows.Select(r => r.TrainableParameters)),
            Column.Double("share", rows.Select(r => r.Share)),
            Column.Double("learning_rate", rows.Select(r => r.LearningRate)),
            Column.String("rate_note", rows.Select(r => r.RateNote)),
            Column.Double("dev_score", rows.Select(r => r.DevScore)),
            Column.Double("test_mean", rows.Select(r => r.TestMean)),
            Column.Double("test_sd", rows.Select(r => double.IsNaN(r.TestSd) ? (double?)null : r.TestSd)),
            Column.Int32("seeds", rows.Select(r => r.Seeds)),
        ]));
        InsightJson.Write(Path.Combine(directory, "final.json"), rows);
    }

    /// <summary>
    /// What a final evaluation measured again of the sweep's objectives, by objective and trial: the same configurations under other seeds.
    /// Trials that were evaluated at another learning rate than the search's are left out. Empty where there was no evaluation.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyDictionary<int, IReadOnlyList<double>>>> RepeatsAsync(
        string sweep, StudyDefinition definition, CancellationToken cancellationToken)
    {
        var repeats = new Dictionary<string, IReadOnlyDictionary<int, IReadOnlyList<double>>>();
        string path = Path.Combine(sweep, Folder);
        if (!File.Exists(Path.Combine(path, SweepFolder.LogName))) return repeats;
        await using SweepFolder final = await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<FinalEntry> entries = FinalProblem.Of(final.Log.Study.Definition).Candidates;
        foreach (Objective o in definition.Objectives)
        {
            repeats[o.Name] = final.Log.Study.Completed
                .Where(t => EntryOf(t) is { Trial: not null, Choice: RateChoice.Searched or RateChoice.Fixed }
                    && t.Metrics.ContainsKey(o.Name))
                .GroupBy(t => EntryOf(t).Trial!.Value)
                .ToDictionary(g => g.Key, g => (IReadOnlyList<double>)[.. g.Select(t => t.Metrics[o.Name])]);
        }
        return repeats;

        FinalEntry EntryOf(Trial run) => entries[run.Configuration.GetInt("candidate")];
    }

    /// <summary>Prints the table; what was found is set apart from what was given.</summary>
    public static void Print(IReadOnlyList<FinalRow> rows)
    {
        Spectre.Console.Table table = new Spectre.Console.Table().Border(TableBorder.Simple).AddColumn("");
        foreach (string column in (string[])["trainable", "share", "rate", "dev", "test, mean ± sd"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (FinalRow r in rows)
        {
            string test = $"{Percent(r.TestMean)} ± {(double.IsNaN(r.TestSd) ? "–" : Percent(r.TestSd))}";
            var found = new Style(decoration: r.IsBaseline || Console.IsOutputRedirected ? Decoration.None : Decoration.Bold);
            table.AddRow(
                new Text(r.IsBaseline ? r.Name : $"{r.Name} (found)", found),
                new Text(r.TrainableParameters.ToString("N0", CultureInfo.InvariantCulture)),
                new Text(r.Share.ToString("P2", CultureInfo.InvariantCulture)),
                new Text(Rate(r)),
                new Text(r.DevScore is { } d ? Percent(d) : ""),
                new Text(test));
        }
        AnsiConsole.Write(table);
        if (rows.Any(r => r.RateNote is "lowest tried" or "highest tried"))
            Console.Out.WriteLine(
                "↓ ↑: the lowest or highest of the learning rates that a row may try; name others with --rates.");
    }

    private static string Rate(FinalRow row) => (row.LearningRate?.ToString("0.0e+0", CultureInfo.InvariantCulture) ?? "")
        + row.RateNote switch { "lowest tried" => " ↓", "highest tried" => " ↑", "searched" => " (searched)", _ => "" };

    private static string Percent(double score) => (100 * score).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>Opens the study of this definition; one of another definition is derived from an earlier front, and is made anew.</summary>
    /// <param name="path">Its directory.</param>
    /// <param name="definition">What it is of.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <param name="anyBudget">Whether a study of another budget goes on as well; its budget then holds.</param>
    internal static async Task<SweepFolder> OpenAsync(
        string path, StudyDefinition definition, CancellationToken cancellationToken, bool anyBudget = false)
    {
        if (File.Exists(Path.Combine(path, SweepFolder.LogName)))
        {
            SweepFolder earlier = await SweepFolder.OpenAsync(path, toRun: true, cancellationToken).ConfigureAwait(false);
            StudyDefinition known = SweepProblem.Current(earlier.Log.Study.Definition);
            if (known.IsSameStudyAs(anyBudget ? definition with { Budget = known.Budget } : definition)) return earlier;
            await earlier.DisposeAsync().ConfigureAwait(false);
            Directory.Delete(path, recursive: true);
        }
        return await SweepFolder.CreateAsync(path, definition, cancellationToken).ConfigureAwait(false);
    }
}
