using System.CommandLine;
using System.Globalization;
using AutoPeft.Analysis.Comparison;
using AutoPeft.Cli.Insight;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;
using Spectre.Console;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft tasks</c>: which configuration is good for all tasks of a study over several.</summary>
internal static class TasksCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The directory of a sweep over several tasks." };
        var objective = new Option<string?>("--objective") { Description = "Which objective; default: the first." };
        var show = new Option<string?>("--show")
        {
            Description =
            "Another metric by task to print instead of the objective, such as dev_score; ranks and scores are the objective's."
        };
        var top = new Option<int>("--top") { Description = "Rows to print.", DefaultValueFactory = _ => 12 };
        var json = new Option<string?>("--json") { Description = "File to write the whole table to." };
        var command = new Command("tasks",
            "Ranks the configurations of a sweep over several tasks by how good they are for all: AlgoPerf's score of their performance "
                + "profiles, mean and worst rank.") { directory, objective, show, top, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int rows = parsed.GetValue(top) is > 0 and var n
                ? n
                : throw new InvalidInputException($"--top takes a whole number from 1, not {parsed.GetValue(top)}.");
            await using SweepFolder folder =
                await SweepFolder.OpenAsync(parsed.GetRequiredValue(directory), toRun: false, cancellationToken).ConfigureAwait(false);
            IStudyView study = folder.Log.Study;
            string[] names = [.. study.Definition.Objectives.Select(o => o.Name)];
            int j = parsed.GetValue(objective) is { } name ? Array.IndexOf(names, name) : 0;
            if (j < 0)
                throw new InvalidInputException($"--objective {parsed.GetValue(objective)}: the study has {string.Join(", ", names)}.");
            TaskTable table = TaskTable.Of(study, j);
            Print(study, table, j, parsed.GetValue(show) ?? names[j], rows);
            if (parsed.GetValue(json) is { } file)
                InsightJson.Write(file, new { Objective = names[j], table.Tasks, table.Rows });
            return 0;
        });
        return command;
    }

    private static void Print(IStudyView study, TaskTable table, int objective, string shown, int rows)
    {
        Table output = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("trial").RightAligned());
        foreach (string task in table.Tasks) output.AddColumn(new TableColumn(Markup.Escape(task)).RightAligned().NoWrap());
        foreach (Objective o in study.Definition.Objectives) output.AddColumn(new TableColumn(Markup.Escape(o.Name)).RightAligned());
        output.AddColumn(new TableColumn("mean rank").RightAligned()).AddColumn(new TableColumn("worst rank").RightAligned());
        if (table.WithoutScore is null) output.AddColumn(new TableColumn("profile score").RightAligned());
        foreach (TaskTableRow row in table.Rows.Take(rows))
        {
            Trial trial = study.Trials[row.Trial];
            string[] results = [.. table.Tasks.Select(task => trial.Metrics.TryGetValue($"{shown}@{task}", out double v)
                ? SweepDisplay.Number(v)
                : throw new InvalidInputException($"--show {shown}: trial {row.Trial} has no {shown}@{task}."))];
            List<Text> cells = [new(row.Trial.ToString(CultureInfo.InvariantCulture)), .. results.Select(r => new Text(r)),
                .. trial.Values.Select(v => new Text(SweepDisplay.Number(v))),
                new(row.MeanRank.ToString("0.0", CultureInfo.InvariantCulture)), new(row.WorstRank.ToString(CultureInfo.InvariantCulture))];
            if (row.Score is { } score) cells.Add(new(score.ToString("0.00", CultureInfo.InvariantCulture)));
            output.AddRow(cells);
        }
        Console.Out.WriteLine($"{shown} by task; ranks{(table.WithoutScore is null ? " and profile scores" : "")} by "
            + $"{study.Definition.Objectives[objective].Name}, {Math.Min(rows, table.Rows.Length)} of {table.Rows.Length} configurations "
            + $"that ran every task");
        // A file or a pipe has no width, and names of tasks are cut by a terminal's.
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 400);
        AnsiConsole.Write(output);
        if (table.WithoutScore is { } why) Console.Out.WriteLine(why);
    }
}
