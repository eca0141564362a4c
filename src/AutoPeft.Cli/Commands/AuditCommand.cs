using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft audit</c>: replays a study and confirms every proposal.</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The sweep's directory." };
        var command = new Command("audit", "Replays a study from its log and confirms every proposal bit for bit.") { directory };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string path = parsed.GetRequiredValue(directory);
            IReadOnlyList<StudyEvent> log = await SweepFolder.ReadLogAsync(path, cancellationToken).ConfigureAwait(false);
            AuditResult result = StudyAudit.Run(log, SweepPolicy.Sampler, cancellationToken: cancellationToken);
            foreach (string difference in result.Differences)
                await Console.Error.WriteLineAsync($"autopeft: {difference}").ConfigureAwait(false);
            string enqueued = result.Enqueued == 0 ? "" : $", {result.Enqueued} enqueued by hand";
            Console.Out.WriteLine(result.Differences.Count == 0
                ? $"{path}: {result.Proposals} proposals replayed, all the same bit for bit{enqueued}."
                : $"{path}: {result.Proposals} proposals replayed, {result.Differences.Count} came out otherwise{enqueued}: the log was "
                    + $"edited, or another version of the sampler wrote it.");
            return result.Differences.Count == 0 ? 0 : 1;
        });
        return command;
    }
}
