using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft sweep</c>: makes a study and runs it.</summary>
internal static class SweepCommand
{
    public static Command Create()
    {
        var command = new Command("sweep", "Searches a space and writes the Pareto front.");
        SweepCommandOptions options = SweepCommandOptions.AddTo(command);
        RunOptions run = RunOptions.AddTo(command);
        StoreOptions store = StoreOptions.AddTo(command);
        TrainingArguments training = TrainingArguments.AddTo(command);
        StopOptions stop = StopOptions.AddTo(command);
        FromOptions from = FromOptions.AddTo(command);
        LanguageModelArguments llm = LanguageModelArguments.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            SweepArguments arguments = options.Read(parsed, run, training, cancellationToken) with { Stop = stop.Read(parsed) };
            arguments = arguments with { ChatServer = llm.Read(parsed, arguments.Sampler) };
            SweepProblem problem = SweepProblem.From(arguments);
            SweepCommandOptions.Validate(arguments, problem, training.Typed(parsed));
            StudyDefinition definition =
                await from.ApplyAsync(parsed, problem.Define(arguments), cancellationToken).ConfigureAwait(false);
            StoreArguments? place = store.Read(parsed);
            RunArguments how = run.Read(parsed);
            // Others do the work where the study is made in a shared store with no workers here.
            bool makesOnly = place is not null && how.Workers == 0;
            using MachineSlots? slots = makesOnly ? null : MachineSlots.Take(how);
            string path =
                options.Output(parsed) ?? place?.Folder ?? Path.Combine("runs", $"{FileNames.Of(definition.Name)}-{definition.Seed}");
            IEnumerable<Spaces.Configuration> enqueued = SweepProblem.Of(definition).Enqueue(definition);
            await using SweepFolder folder = place is not null
                ? await SweepFolder.CreateAsync(path, place, definition, cancellationToken).ConfigureAwait(false)
                : await SweepFolder.CreateAsync(path, definition, cancellationToken).ConfigureAwait(false);
            await folder.Log.EnqueueMissingAsync(enqueued, cancellationToken).ConfigureAwait(false);
            if (slots is not null) return await SweepRun.RunAsync(folder, how, slots, cancellationToken).ConfigureAwait(false);
            Console.Out.WriteLine(folder.ResumeLine);
            return 0;
        });
        return command;
    }
}
