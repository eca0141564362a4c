using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft resume</c>: goes on with a study as if it had not been interrupted.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        StudyArgument which = StudyArgument.Create();
        var command = new Command("resume", "Goes on with an interrupted sweep.");
        which.AddTo(command, "Directory for logs, tables and the report of a study in a store; default runs/stores/DATABASE/STUDY.");
        RunOptions run = RunOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using SweepFolder folder = await which.OpenAsync(parsed, toRun: true, cancellationToken).ConfigureAwait(false);
            StudyDefinition definition = folder.Log.Study.Definition;
            await folder.Log.EnqueueMissingAsync(SweepProblems.Of(definition).Enqueue(definition).Concat(EarlierStudies.Enqueue(definition)), cancellationToken).ConfigureAwait(false);
            await SweepRun.RunAsync(folder, run.Read(parsed), cancellationToken).ConfigureAwait(false);
            return 0;
        });
        return command;
    }
}
