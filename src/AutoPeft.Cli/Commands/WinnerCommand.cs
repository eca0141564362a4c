using System.CommandLine;
using System.Globalization;
using AutoPeft.Analysis.Winners;
using AutoPeft.Cli.Insight;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;
using Spectre.Console;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft winner</c>: the best trial, and how much of its lead is luck.</summary>
internal static class WinnerCommand
{
    /// <summary>Tied trials that are named.</summary>
    private const int MostTies = 10;

    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The sweep's directory." };
        var json = new Option<string?>("--json") { Description = "File to write the numbers to." };
        var command = new Command("winner",
            "Names the best trial by each objective, and says what it is worth once the luck that selected it is taken out.") { directory,
                json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using SweepFolder folder =
                await SweepFolder.OpenAsync(parsed.GetRequiredValue(directory), toRun: false, cancellationToken).ConfigureAwait(false);
            IStudyView study = folder.Log.Study;
            var repeats = await FinalTable.RepeatsAsync(folder.Path, study.Definition, cancellationToken).ConfigureAwait(false);
            var winners = new List<StudyWinner>();
            var without = new List<InvalidInputException>();
            for (int j = 0; j < study.Definition.Objectives.Length; j++)
            {
                try
                {
                    var again = repeats.GetValueOrDefault(study.Definition.Objectives[j].Name);
                    winners.Add(StudyWinner.Of(study, j, again, cancellationToken: cancellationToken));
                }
                catch (InvalidInputException e) { without.Add(e); }
            }
            if (winners.Count == 0) throw without[0];
            Table table = new Table().Border(TableBorder.Simple).AddColumn("objective").AddColumn(new TableColumn("trial").RightAligned())
                .AddColumn(new TableColumn("best of").RightAligned())
                .AddColumn(new TableColumn("observed").RightAligned()).AddColumn(new TableColumn("without luck").RightAligned())
                .AddColumn(new TableColumn("95 %").RightAligned()).AddColumn("told from the next");
            foreach (StudyWinner w in winners)
                table.AddRow(new Text(w.Objective), new Text(w.Trial.ToString(CultureInfo.InvariantCulture)),
                    new Text(w.Candidates.ToString(CultureInfo.InvariantCulture)), new Text(SweepDisplay.Number(w.Observed)),
                    new Text(SweepDisplay.Number(w.Corrected)),
                    new Text($"{SweepDisplay.Number(Math.Min(w.Worse, w.Better))} – {SweepDisplay.Number(Math.Max(w.Worse, w.Better))}"),
                    new Text(w.IsTold ? "yes" : "no"));
            AnsiConsole.Write(table);
            foreach (StudyWinner w in winners.Where(w => !w.Ties.IsEmpty))
            {
                string shown = string.Join(", ", w.Ties.Take(MostTies));
                string more = w.Ties.Length > MostTies ? $" and {w.Ties.Length - MostTies} more" : "";
                AnsiConsole.WriteLine($"  {w.Objective}: trial {w.Trial} is level with {shown}{more}; it is the best of them by the other "
                    + "objectives, in their order, and then the first.");
            }
            if (winners.Any(w => w.Source == NoiseSource.Model))
                AnsiConsole.WriteLine("  How noisy results are is a model's guess; running some configurations again would tell.");
            foreach (InvalidInputException e in without) AnsiConsole.WriteLine($"  {e.Message}");
            if (parsed.GetValue(json) is { } file) InsightJson.Write(file, winners);
            return 0;
        });
        return command;
    }
}
