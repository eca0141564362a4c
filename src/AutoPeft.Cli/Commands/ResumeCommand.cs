using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary>
/// <c>autopeft resume</c>: goes on with a study as if it had not been interrupted, or with more trials than it was made for.
/// </summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        StudyArgument which = StudyArgument.Create();
        var trials = new Option<int?>("--trials")
        {
            Description = "Trials that the study has in all from now on, those already made included. Default: what the study has.",
        };
        var retry = new Option<bool>("--retry-failed") { Description = "Runs every failed trial again, as a new attempt." };
        var command = new Command("resume", "Goes on with an interrupted sweep, or with a finished one: --trials gives it more trials, "
            + "--retry-failed runs the failed ones again. A sweep that is running takes both from here while it runs.") { trials, retry };
        which.AddTo(command, "Directory for logs, tables and the report of a study in a store; default runs/stores/DATABASE/STUDY.");
        RunOptions run = RunOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int? budget = parsed.GetValue(trials);
            if (budget < 1) throw new InvalidInputException($"--trials takes a whole number from 1, not {budget}.");
            bool again = parsed.GetValue(retry);
            if ((budget is not null || again) && which.IsRunElsewhere(parsed))
            {
                await using SweepFolder running = await which.OpenAsync(parsed, toRun: false, cancellationToken).ConfigureAwait(false);
                await ChangeAsync(running, budget, again, cancellationToken).ConfigureAwait(false);
                Console.Out.WriteLine("Another program runs this study, and goes on with that.");
                return 0;
            }
            RunArguments? before = RecordedRun.Read(which.FolderOf(parsed));
            RunArguments how = run.Read(parsed, before);
            using MachineSlots slots = MachineSlots.Take(how);
            await using SweepFolder folder = await which.OpenAsync(parsed, toRun: true, cancellationToken).ConfigureAwait(false);
            await ChangeAsync(folder, budget, again, cancellationToken).ConfigureAwait(false);
            StudyDefinition definition = folder.Log.Study.Definition;
            await folder.Log.EnqueueMissingAsync(SweepProblem.Of(definition).Enqueue(definition), cancellationToken).ConfigureAwait(false);
            Console.Out.WriteLine($"Going on with {RecordedRun.Describe(before, how)}.");
            return await SweepRun.RunAsync(folder, how, slots, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task ChangeAsync(SweepFolder folder, int? budget, bool retry, CancellationToken cancellationToken)
    {
        int? before = folder.Log.Study.Definition.Budget;
        if (budget is { } trials && await folder.Log.SetBudgetAsync(trials, cancellationToken).ConfigureAwait(false))
            Console.Out.WriteLine($"The study runs {trials} trials in all now, instead of "
                + $"{before?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "an open number"}.");
        if (!retry) return;
        int count = await folder.Log.RetryFailedAsync(cancellationToken).ConfigureAwait(false);
        Console.Out.WriteLine(count == 0 ? "No trial has failed; there is nothing to retry."
            : $"{count} failed trial(s) wait to be run again.");
    }
}
