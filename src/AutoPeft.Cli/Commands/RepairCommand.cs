using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft repair</c>: goes on with what is readable of a damaged log, and keeps the log as it was.</summary>
internal static class RepairCommand
{
    // More would push the last lines, which say what was done, off the screen.
    private const int MostShown = 20;

    public static Command Create()
    {
        var place = new Argument<string>("DIR") { Description = "The sweep's directory, or the log itself." };
        const string does = "Makes a damaged study log usable with every record that is readable, and keeps a copy of it as it was.";
        var command = new Command("repair", does) { place };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(place), log = Directory.Exists(path) ? Path.Combine(path, SweepFolder.LogName) : path;
            JournalRepairResult result = JournalRepair.Run(log);
            foreach (LostRecord lost in result.Lost.Take(MostShown))
                Console.Error.WriteLine($"autopeft: {log}, line {lost.Line} (byte {lost.Byte}): {lost.Why}");
            if (result.Lost.Count > MostShown) Console.Error.WriteLine($"autopeft: … and {result.Lost.Count - MostShown} more");
            if (result.LostTrials.Count > 0)
                Console.Error.WriteLine(
                    $"autopeft: the proposals of trials {string.Join(", ", result.LostTrials)} are lost; they stand as failed.");
            Console.Out.WriteLine(result.Copy is null
                ? $"{log}: {result.Kept} records, all of them good; nothing was done."
                : $"{log}: {result.Kept} records kept, {result.Lost.Count} given up. The log as it was is {result.Copy}");
            return 0;
        });
        return command;
    }
}
