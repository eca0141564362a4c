using System.CommandLine;
using AutoPeft.Cli.Programs;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Demo;
using AutoPeft.Peft.Training;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft sweep</c>: makes a study and runs it.</summary>
internal static class SweepCommand
{
    public static Command Create()
    {
        var space = new Argument<string>("SPACE")
        {
            Description = "A shipped search space (autopeft, autopeft-rate, lora, recipe), demo for the first of them on the demo's base "
                + "model, function:NAME for a closed-form test problem, plan:FILE for the runs that `predict plan --json FILE` chose, "
                + "FILE.json, a space of your own for a program of your own (--command), or FILE.cs, a C# file that declares space and "
                + "objective and ends with RunOrServeAsync.",
        };
        var task =
            new Option<string?>("--task") { Description = "A synthetic task by name, or tsv:DIR with train.tsv, dev.tsv and test.tsv." };
        var tasks = new Option<string[]>("--tasks")
        {
            Description = "Several tasks, with commas between: every configuration trains on each, in this order, and has one score; "
                + "per-task results are kept.",
            AllowMultipleArgumentsPerToken = true,
        };
        var aggregate = new Option<string>("--aggregate")
        {
            Description = "How a score is made of the tasks': mean, worst, median, or cvar:SHARE, the mean of the worst share of them.",
            DefaultValueFactory = _ => TaskAggregate.Default.ToString(),
        };
        var normalize = new Option<string>("--normalize")
        {
            Description = "reference: a task's score counts from always answering its commonest class (0) to perfect (1), so that no easy "
                + "task decides alone; none: as measured.",
            DefaultValueFactory = _ => "reference",
        };
        var model =
            new Option<string?>("--model") { Description = "Directory of the base model: config.json, model.safetensors, vocab.txt." };
        var text = new Option<string?>("--text") { Description = "plan:FILE only: the text to pretrain on." };
        var program = new Option<string?>("--command")
        {
            Description = "FILE.json only: what runs a trial, by sh, in the directory where the sweep was started. {config} is a JSON file "
                + "of the configuration, {name} the parameter of that name, {trial}, {seed}, {dir} (the trial's own directory) and "
                + "{device} what they say; AUTOPEFT_CONFIG, AUTOPEFT_PARAM_name and so on say the same. It prints its metrics as a JSON "
                + "line "
                + "at the end, or appends such lines, {\"step\": 3, \"loss\": 0.4}, to the file that AUTOPEFT_METRICS names, as it goes: "
                + "then "
                + "--scheduler can stop it. Another exit code than 0 is a failed trial.",
        };
        var metric = new Option<string[]>("--metric")
        {
            Description = "FILE.json only: NAME:min or NAME:max, what the program measures and which way it is better; :log behind it for "
                + "a logarithmic scale. May be given several times.",
        };
        var constrain = new Option<string[]>("--constrain")
        {
            Description = "FILE.json only: NAME<=VALUE or NAME>=VALUE, a measurement that has to stay within a bound. May be given several "
                + "times.",
        };
        var trials = new Option<int>("--trials") { Description = "Trials to run.", DefaultValueFactory = _ => 40 };
        var sampler = new Option<string>("--sampler")
        {
            Description = "auto, gp, tpe, random, sobol, …; pbt and pb2 train a population, options behind a colon, as in "
                + "pbt:population=8,interval=1,quantile=25,explore=learning_rate+dropout.",
            DefaultValueFactory = _ => "auto",
        };
        var seed = new Option<ulong>("--seed") { Description = "All randomness hangs on it." };
        var output = new Option<string?>(
            "--out")
        { Description = "Directory to write; default runs/SPACE-TASK-SEED, or runs/stores/DATABASE/STUDY." };
        var delay = new Option<double>("--delay") { Description = "function:NAME only: seconds that each trial takes." };
        var lockstep = new Option<bool>("--lockstep")
        {
            Description = "Proposals that depend on seed and number of workers alone, not on which worker is quicker; a slow trial then "
                + "holds the others up.",
        };
        var scheduler = new Option<string>("--scheduler")
        {
            Description = $"What stops or pauses trials by their reports: {string.Join(", ", SchedulerCatalog.Names)}; options behind a "
                + $"colon, as in asha:min=1,eta=4,max=8.",
            DefaultValueFactory = _ => "none",
        };
        var fidelity = new Option<string>("--fidelity")
        {
            Description = "What a trial has less of until --scheduler lets it go further: steps (one training, which goes on from its "
                + "checkpoint), or epochs, data or layers (trained again from the start with more); options as in epochs:min=1,eta=4.",
            DefaultValueFactory = _ => "steps",
        };
        var command = new Command("sweep", "Searches a space and writes the Pareto front.") { space, task, tasks, aggregate, normalize,
            model, text, program, metric, constrain, trials, sampler, seed, output, delay, lockstep, scheduler, fidelity };
        RunOptions run = RunOptions.AddTo(command);
        StoreOptions store = StoreOptions.AddTo(command);
        var count = new Option<CountingRule>("--count")
        {
            Description = "Which trainable parameters count: paper (no biases, no head, flat prefix) or exact.",
            DefaultValueFactory = _ => CountingRule.Paper,
        };
        command.Options.Add(count);
        TrainingArguments training = TrainingArguments.AddTo(command);
        StopOptions stop = StopOptions.AddTo(command);
        FromOptions from = FromOptions.AddTo(command);
        LanguageModelArguments llm = LanguageModelArguments.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DemoOptions? demo = parsed.GetRequiredValue(space) == "demo" ? new DemoOptions() : null;
            string[] set = Tasks(parsed.GetValue(tasks) ?? [], parsed.GetValue(task));
            TaskAggregate robust = TaskAggregate.Parse(parsed.GetValue(aggregate)!);
            if (set.Length == 0
                && (parsed.GetResult(aggregate) is { Implicit: false } || parsed.GetResult(normalize) is { Implicit: false }))
                throw new InvalidInputException("--aggregate and --normalize are about several tasks; name them with --tasks.");
            SweepArguments arguments = PopulationSweep.Pair(new SweepArguments
            {
                Space = demo is null ? parsed.GetRequiredValue(space) : "autopeft",
                Task = parsed.GetValue(task) ?? (set.Length == 0 ? demo?.Task : null),
                Tasks = set,
                Aggregate = robust,
                Normalize = parsed.GetValue(normalize) switch
                {
                    "reference" => true,
                    "none" => false,
                    var other => throw new InvalidInputException($"--normalize {other}: there are reference and none."),
                },
                Model = parsed.GetValue(model) ?? (demo is null ? null : DemoBase.Get(demo, cancellationToken)),
                Text = parsed.GetValue(text),
                Command = parsed.GetValue(program),
                Metrics = parsed.GetValue(metric) ?? [],
                Constraints = parsed.GetValue(constrain) ?? [],
                Trials = parsed.GetValue(trials) is > 0 and var n
                    ? n
                    : throw new InvalidInputException($"--trials takes a whole number from 1, not {parsed.GetValue(trials)}."),
                Sampler = parsed.GetValue(sampler)!,
                Seed = parsed.GetValue(seed),
                Lockstep = parsed.GetValue(lockstep) ? run.Read(parsed).Workers : null,
                Scheduler = PeftTaskSet.Scheduler(parsed.GetValue(scheduler)!, set.Length > 0 ? robust : null),
                Delay = parsed.GetValue(delay) is >= 0 and < 1e6 and var d
                    ? d
                    : throw new InvalidInputException("--delay takes seconds from 0."),
                Training = training.Read(parsed, demo?.Training),
                Count = parsed.GetValue(count),
                Fidelity = TrialFidelity.Parse(parsed.GetValue(fidelity)!),
            });
            arguments = arguments with { Scheduler = Scheduler(arguments.Scheduler, arguments.Lockstep is not null) };
            if (arguments is { Fidelity.Kind: not FidelityKind.Steps, Scheduler: "none" })
                throw new InvalidInputException($"--fidelity {arguments.Fidelity}: without --scheduler every trial would train every "
                    + $"level; add --scheduler asha, say.");
            ISweepProblem problem = SweepProblems.Resolve(arguments.Space);
            if (set.Length > 0 && problem is not PeftProblem)
                throw new InvalidInputException($"--tasks is for shipped search spaces; {arguments.Space} has no tasks.");
            if (set.Length > 0 && arguments.Fidelity.Kind != FidelityKind.Steps)
                throw new InvalidInputException($"--fidelity {arguments.Fidelity}: over several tasks a trial has less of by running fewer "
                    + "of them; use --scheduler race, or one --task.");
            if (problem is FunctionProblem or CommandProblem or FileProblem && training.Typed(parsed) is { } typed)
            {
                string trains = problem is FunctionProblem ? "trains nothing" : "is trained by your program";
                throw new InvalidInputException($"{arguments.Space} {trains}: it takes no {typed}.");
            }
            if (problem is not CommandProblem
                && (arguments.Command is not null || arguments.Metrics.Count + arguments.Constraints.Count > 0))
                throw new InvalidInputException("--command, --metric and --constrain go with a space of your own, a file that ends with "
                    + $"{CommandProblem.Extension}; {arguments.Space} is none.");
            if (arguments.Fidelity.Kind != FidelityKind.Steps && problem is not PeftProblem)
                throw new InvalidInputException(
                    $"--fidelity {arguments.Fidelity} goes with the shipped search spaces, not with {arguments.Space}.");
            StudyDefinition definition = await from.ApplyAsync(parsed,
                llm.Apply(parsed,
                    stop.Apply(parsed,
                        PopulationSweep.Complete(
                            problem.Define(arguments) with { Lockstep = arguments.Lockstep, Scheduler = arguments.Scheduler }, problem))),
                            cancellationToken).ConfigureAwait(false);
            StoreArguments? place = store.Read(parsed);
            RunArguments how = run.Read(parsed);
            // Others do the work where the study is made in a shared store with no workers here.
            bool makesOnly = place is not null && how.Workers == 0;
            using MachineSlots? slots = makesOnly ? null : MachineSlots.Take(how);
            string path =
                parsed.GetValue(output) ?? place?.Folder ?? Path.Combine("runs", $"{FileNames.Of(definition.Name)}-{definition.Seed}");
            IEnumerable<Spaces.Configuration> enqueued = problem.Enqueue(definition).Concat(EarlierStudies.Enqueue(definition));
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

    private static string[] Tasks(string[] typed, string? one)
    {
        string[] tasks = [.. typed.SelectMany(t => t.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        return tasks.Length > 0 && one is not null
            ? throw new InvalidInputException("--task names one task and --tasks several; give one of the two.")
            : tasks;
    }

    /// <summary>The scheduler as typed, checked before anything is written.</summary>
    private static string Scheduler(string text, bool lockstep)
    {
        if (SchedulerCatalog.Create(text) is RunToEnd) return "none";
        return lockstep
            ? throw new InvalidInputException(
                "--lockstep goes with --scheduler none: what a scheduler decides depends on which report is in first.")
            : text;
    }
}
