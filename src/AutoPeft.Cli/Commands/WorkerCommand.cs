using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary>
/// <c>autopeft worker --store URL --study NAME</c>: joins a study that machines share, and runs its trials on this machine's slots until
/// the budget is used up. Without a store it is what the parent of a sweep starts: a process that runs trials which standard input names.
/// </summary>
internal static class WorkerCommand
{
    public static Command Create()
    {
        var output =
            new Option<string?>("--out") { Description = "Directory for this machine's logs; default runs/stores/DATABASE/STUDY." };
        var command = new Command(WorkerCommandLine.Command,
            "Joins a study in a store that machines share, and runs its trials here until the budget is used up.") { output };
        StoreOptions store = StoreOptions.AddTo(command);
        RunOptions run = RunOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (store.Read(parsed) is not { } place)
            {
                if (!Console.IsInputRedirected)
                    throw new InvalidInputException("A worker joins a study: name it with --store and --study.");
                return await ServeParentAsync().ConfigureAwait(false);
            }
            RunArguments how = run.Read(parsed);
            using MachineSlots slots = MachineSlots.Take(how);
            await using SweepFolder folder =
                await SweepFolder.OpenAsync(parsed.GetValue(output) ?? place.Folder, place, cancellationToken).ConfigureAwait(false);
            StudyDefinition definition = folder.Log.Study.Definition;
            await folder.Log.EnqueueMissingAsync(SweepProblem.Of(definition).Enqueue(definition), cancellationToken).ConfigureAwait(false);
            return await SweepRun.RunAsync(folder, how, slots, cancellationToken, tables: false).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> ServeParentAsync()
    {
        // A Ctrl-C on the terminal reaches the whole group; the parent tells us what to do about it.
        Console.CancelKeyPress += (_, e) => e.Cancel = true;
        using var input = new StreamReader(Console.OpenStandardInput());
        await using var output = new StreamWriter(Console.OpenStandardOutput());
        Console.SetOut(Console.Error);
        var loop = new WorkerLoop(input, output, (study, device) => SweepProblem.Of(study).CreateRunner(study, device));
        // Without its parent a worker must not train on: leave from the reading thread, whatever native code is doing.
        await loop.RunAsync(orphaned: () => AbruptExit.Now(0), CancellationToken.None).ConfigureAwait(false);
        return 0;
    }
}
