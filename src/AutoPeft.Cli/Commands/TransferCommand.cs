using System.CommandLine;
using AutoPeft.Cli.Insight;
using AutoPeft.Cli.Sweeps;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft transfer</c>: is what was found on one task good for others?</summary>
internal static class TransferCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The sweep's directory." };
        var tasks = new Option<string[]>("--task")
        {
            Description = "A task, as for sweep; give it once for each task. Default: the tasks of a sweep over several.",
            AllowMultipleArgumentsPerToken = true,
        };
        var seeds = new Option<int>("--seeds") { Description = "Seeds, other than the search's.", DefaultValueFactory = _ => 3 };
        var json = new Option<string?>("--json") { Description = "File to write the table to." };
        var command = new Command("transfer",
            "Trains the front of a sweep on other tasks, beside the baselines, and ranks configurations by how good they are for all.") {
                directory, tasks, seeds, json };
        RunOptions run = RunOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int count = parsed.GetValue(seeds) is > 0 and var n
                ? n
                : throw new InvalidInputException($"--seeds takes a whole number from 1, not {parsed.GetValue(seeds)}.");
            await using SweepFolder folder =
                await SweepFolder.OpenAsync(parsed.GetRequiredValue(directory), toRun: true, cancellationToken).ConfigureAwait(false);
            string[] on = parsed.GetValue(tasks) is { Length: > 0 } typed
                ? typed
                : SweepProblem.Of(folder.Log.Study.Definition) is PeftTasksProblem several ? [.. several.TrainedTasks()] : [];
            if (on.Length == 0) throw new InvalidInputException("--task is missing: the sweep was on one task; name others.");
            var tables = await TransferTable.RunAsync(
                folder, [.. on.Distinct()], new FinalOptions(count), run.Read(parsed), cancellationToken).ConfigureAwait(false);
            TransferTable.Print(tables);
            if (parsed.GetValue(json) is { } file)
                InsightJson.Write(file, tables.Select(t => new { t.Task, t.Rows }).ToArray());
            return 0;
        });
        return command;
    }
}
