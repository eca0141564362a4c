using System.CommandLine;
using System.Diagnostics;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Demo;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft demo</c>: the main job from end to end, without a download.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var output =
            new Option<string>("--out") { Description = "Directory to write.", DefaultValueFactory = _ => Path.Combine("runs", "demo") };
        var task = new Option<string?>("--task") { Description = "polarity, paraphrase or acceptability; default: polarity." };
        var trials = new Option<int?>("--trials") { Description = "Trials of the search; default: 40." };
        var sampler = new Option<string>("--sampler") { Description = "auto, gp, random …", DefaultValueFactory = _ => "auto" };
        var seed = new Option<ulong>("--seed") { Description = "All randomness of the search hangs on it; default: 0." };
        var skip = new Option<bool>("--no-final") { Description = "Leaves out the final evaluation." };
        var command = new Command("demo",
            "Pretrains a small encoder on a made-up language, searches its adapters, evaluates the front.") { output, task, trials, sampler,
                seed, skip };
        RunOptions run = RunOptions.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            long start = Stopwatch.GetTimestamp();
            var demo = new DemoOptions();
            demo = demo with { Task = parsed.GetValue(task) ?? demo.Task, Trials = parsed.GetValue(trials) ?? demo.Trials };
            RunArguments arguments = run.Read(parsed, new RunArguments { Workers = demo.Workers });
            using MachineSlots slots = MachineSlots.Take(arguments);
            string model = DemoBase.Get(demo, cancellationToken);

            Console.Out.WriteLine($"Searching AutoPEFT's space on '{demo.Task}': {demo.Trials} trials, {arguments.Workers} workers.");
            SweepArguments how = PopulationSweep.Pair(new SweepArguments
            {
                Space = "autopeft",
                Task = demo.Task,
                Model = model,
                Training = demo.Training,
                Trials = demo.Trials,
                Sampler = parsed.GetValue(sampler)!,
                Seed = parsed.GetValue(seed),
            });
            StudyDefinition definition = SweepProblem.From(how).Define(how);
            string path = Free(parsed.GetValue(output)!, definition);
            await using SweepFolder folder = await OpenAsync(path, definition, cancellationToken).ConfigureAwait(false);
            int code = await SweepRun.RunAsync(folder, arguments, slots, cancellationToken).ConfigureAwait(false);
            slots.Dispose();
            if (code != 0) return code;
            if (!parsed.GetValue(skip))
            {
                Console.Out.WriteLine(
                    "Choosing a learning rate for each member of the front and each usual method, all from the same few, on dev; "
                    + $"then retraining them under {demo.FinalSeeds} other seeds. The test set is used here for the first time.");
                await FinalTable.RunAsync(
                    folder, Path.Combine(path, FinalTable.Folder), new FinalOptions(demo.FinalSeeds), arguments, cancellationToken)
                    .ConfigureAwait(false);
                FinalTable.Print(await folder.WriteAsync(cancellationToken).ConfigureAwait(false));
            }
            Console.Out.WriteLine($"Done in {SweepDisplay.Time(Stopwatch.GetElapsedTime(start))}. Look at "
                + $"{Path.GetFullPath(Path.Combine(path, "report.html"))}");
            return 0;
        });
        return command;
    }

    /// <summary>
    /// The directory itself if it is new or holds this very study, else the next free number behind it: a second demo neither overwrites
    /// nor refuses.
    /// </summary>
    private static string Free(string path, StudyDefinition definition)
    {
        for (int n = 1; ; n++)
        {
            string candidate = n == 1 ? path : $"{path}-{n}";
            string log = Path.Combine(candidate, SweepFolder.LogName);
            if (!File.Exists(log) || Unfinished(log, definition)) return candidate;
        }
    }

    private static bool Unfinished(string log, StudyDefinition definition)
    {
        JournalStore store = JournalStore.LookAsync(log).GetAwaiter().GetResult();
        try
        {
            using StudyLog open = StudyLog.OpenAsync(store).GetAwaiter().GetResult();
            return SweepProblem.Current(open.Study.Definition).IsSameStudyAs(definition)
                && open.Study.Trials.Count(t => !t.IsPending) < definition.Budget;
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static Task<SweepFolder> OpenAsync(string path, StudyDefinition definition, CancellationToken cancellationToken) =>
        File.Exists(Path.Combine(path, SweepFolder.LogName))
            ? SweepFolder.OpenAsync(path, toRun: true, cancellationToken)
            : SweepFolder.CreateAsync(path, definition, cancellationToken);
}
