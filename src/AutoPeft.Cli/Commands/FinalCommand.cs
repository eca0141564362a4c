using System.CommandLine;
using AutoPeft.Cli.Sweeps;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft final</c>: was the search worth it?</summary>
internal static class FinalCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The sweep's directory." };
        var seeds = new Option<int>("--seeds") { Description = "Seeds, other than the search's.", DefaultValueFactory = _ => 5 };
        var race = new Option<int?>("--race") { Description = "Runs in all: repeat who may still be the best, up to --seeds times (20 unless typed), and stop when one is left." };
        var command = new Command("final", "Retrains the front and the usual baselines under other seeds, scores them on the test set, and writes the table into the report.") { directory, seeds, race };
        RunOptions run = RunOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int count = parsed.GetValue(seeds) is > 0 and var n ? n : throw new InvalidInputException($"--seeds takes a whole number from 1, not {parsed.GetValue(seeds)}.");
            await using SweepFolder folder = await SweepFolder.OpenAsync(parsed.GetRequiredValue(directory), toRun: true, cancellationToken).ConfigureAwait(false);
            int? runs = parsed.GetValue(race) is { } r && r < 1 ? throw new InvalidInputException($"--race takes a whole number from 1, not {r}.") : parsed.GetValue(race);
            if (runs is not null && parsed.GetResult(seeds) is not { Implicit: false }) count = 20;
            await FinalTable.RunAsync(folder, Path.Combine(folder.Path, FinalTable.Folder), count, run.Read(parsed), null, runs, cancellationToken).ConfigureAwait(false);
            await folder.WriteAsync(cancellationToken).ConfigureAwait(false);
            FinalTable.Print(await FinalTable.ReadAsync(folder.Path, cancellationToken).ConfigureAwait(false));
            return 0;
        });
        return command;
    }
}
