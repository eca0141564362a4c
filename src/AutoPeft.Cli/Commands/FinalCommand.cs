using System.CommandLine;
using System.Globalization;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft final</c>: was the search worth it?</summary>
internal static class FinalCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The sweep's directory." };
        var seeds = new Option<int>("--seeds") { Description = "Seeds, other than the search's.", DefaultValueFactory = _ => 5 };
        var race = new Option<int?>("--race")
        {
            Description = "Runs in all: repeat who may still be the best, up to --seeds times (20 unless typed), and stop when one is "
                + "left.",
        };
        var rates = new Option<string?>("--rates")
        {
            Description = "Learning rates, with commas, that every row is tried at on dev before it is scored; one rate is for all. "
                + "Default: four that follow from the model's width; a row that does best at the lowest or highest of them tries up to two "
                + "more beyond.",
        };
        var command = new Command("final",
            "Chooses a learning rate on dev for each member of the front and each usual baseline, retrains them under other seeds, scores "
            + "them on the test set, and writes the table into the report.") { directory, seeds, race, rates };
        RunOptions run = RunOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int count = parsed.GetValue(seeds) is > 0 and var n ? n
                : throw new InvalidInputException($"--seeds takes a whole number from 1, not {parsed.GetValue(seeds)}.");
            int? runs = parsed.GetValue(race) is { } r && r < 1
                ? throw new InvalidInputException($"--race takes a whole number from 1, not {r}.") : parsed.GetValue(race);
            if (runs is not null && parsed.GetResult(seeds) is not { Implicit: false }) count = 20;
            var how = new FinalOptions(count) { Race = runs, Rates = Rates(parsed.GetValue(rates)) };
            await using SweepFolder folder = await SweepFolder.OpenAsync(parsed.GetRequiredValue(directory), toRun: true, cancellationToken)
                .ConfigureAwait(false);
            await FinalTable.RunAsync(folder, Path.Combine(folder.Path, FinalTable.Folder), how, run.Read(parsed), cancellationToken)
                .ConfigureAwait(false);
            FinalTable.Print(await folder.WriteAsync(cancellationToken).ConfigureAwait(false));
            return 0;
        });
        return command;
    }

    private static IReadOnlyList<double>? Rates(string? typed)
    {
        if (typed is null) return null;
        return [.. typed.Split(',').Select(Rate).Distinct().Order()];
    }

    private static double Rate(string typed) =>
        double.TryParse(typed, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate)
            && rate is > 0 and <= TrainingOptions.MaxLearningRate
            ? rate
            : throw new InvalidInputException(
                $"--rates takes numbers above 0 and at most {TrainingOptions.MaxLearningRate}, with commas between them, "
                + $"not '{typed.Trim()}'.");
}
