using System.CommandLine;
using AutoPeft.Cli.Sweeps;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft report</c>: writes the tables and the report again from the log.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        StudyArgument which = StudyArgument.Create();
        var command = new Command("report", "Writes trials.parquet, pareto.parquet, curves.parquet and report.html from the study log.");
        which.AddTo(command, "Directory to write for a study in a store; default runs/stores/DATABASE/STUDY.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using SweepFolder folder = await which.OpenAsync(parsed, toRun: false, cancellationToken).ConfigureAwait(false);
            await folder.WriteAsync(cancellationToken).ConfigureAwait(false);
            Console.Out.WriteLine(Path.GetFullPath(Path.Combine(folder.Path, "report.html")));
            return 0;
        });
        return command;
    }
}
