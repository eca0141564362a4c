using System.CommandLine;
using AutoPeft.Catalogs;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Demo;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Training;
using AutoPeft.Scheduling;
using AutoPeft.TaskSets;

namespace AutoPeft.Cli.Commands;

/// <summary>What <c>autopeft sweep</c> alone takes: the space, what is trained on what, and how the space is searched.</summary>
internal sealed class SweepCommandOptions
{
    private readonly Argument<string> _space = new("SPACE")
    {
        Description = "A shipped search space (autopeft, autopeft-rate, lora, recipe, optimizers), llm-lora for adapters of a decoder, "
            + "demo for the first of them on the demo's base model, function:NAME for a closed-form test problem, plan:FILE for the runs "
            + "that `predict plan --json FILE` chose, FILE.json, a space of your own for a program of your own (--command), or FILE.cs, a "
            + "C# file that declares space and objective and ends with RunOrServeAsync.",
    };

    private readonly Option<string?> _task =
        new("--task") { Description = "A synthetic task by name, or tsv:DIR with train.tsv, dev.tsv and test.tsv." };

    private readonly Option<string[]> _tasks = new("--tasks")
    {
        Description = "Several tasks, with commas between: every configuration trains on each, in this order, and has one score; "
            + "per-task results are kept.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> _aggregate = new("--aggregate")
    {
        Description = "How a score is made of the tasks': mean, worst, median, or cvar:SHARE, the mean of the worst share of them.",
        DefaultValueFactory = _ => TaskAggregate.Default.ToString(),
    };

    private readonly Option<string> _normalize = new("--normalize")
    {
        Description = "reference: a task's score counts from always answering its commonest class (0) to perfect (1), so that no easy "
            + "task decides alone; none: as measured.",
        DefaultValueFactory = _ => "reference",
    };

    private readonly Option<string?> _model =
        new("--model") { Description = "Directory of the base model: config.json, model.safetensors, vocab.txt." };

    private readonly Option<string?> _text =
        new("--text") { Description = "plan:FILE and llm-lora only: the text to learn from; llm-lora holds its last tenth out." };

    private readonly Option<long?> _tokens =
        new("--tokens") { Description = "llm-lora only: tokens that each training reads; default: one pass over the text." };

    private readonly Option<string?> _program = new("--command")
    {
        Description = "FILE.json only: what runs a trial, by sh, in the directory where the sweep was started. {config} is a JSON file "
            + "of the configuration, {name} the parameter of that name, {trial}, {seed}, {dir} (the trial's own directory) and "
            + "{device} what they say; AUTOPEFT_CONFIG, AUTOPEFT_PARAM_name and so on say the same. It prints its metrics as a JSON "
            + "line at the end, or appends such lines, {\"step\": 3, \"loss\": 0.4}, to the file that AUTOPEFT_METRICS names, as it "
            + "goes: then --scheduler can stop it. Another exit code than 0 is a failed trial.",
    };

    private readonly Option<string[]> _metric = new("--metric")
    {
        Description = "FILE.json only: NAME:min or NAME:max, what the program measures and which way it is better; :log behind it for "
            + "a logarithmic scale. May be given several times.",
    };

    private readonly Option<string[]> _constrain = new("--constrain")
    {
        Description = "FILE.json only: NAME<=VALUE or NAME>=VALUE, a measurement that has to stay within a bound. May be given several "
            + "times.",
    };

    private readonly Option<int> _trials = new("--trials") { Description = "Trials to run.", DefaultValueFactory = _ => 40 };

    private readonly Option<string> _sampler = new("--sampler")
    {
        Description = "auto, gp, tpe, random, sobol, …; pbt and pb2 train a population, options behind a colon, as in "
            + "pbt:population=8,interval=1,quantile=25,explore=learning_rate+dropout.",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<ulong> _seed = new("--seed") { Description = "All randomness hangs on it; default: 0." };

    private readonly Option<string?> _output = new("--out")
    {
        Description = "Directory to write; default runs/SPACE-TASK-SEED, or runs/stores/DATABASE/STUDY.",
    };

    private readonly Option<double> _delay =
        new("--delay") { Description = "function:NAME only: seconds that each trial takes; default: 0." };

    private readonly Option<bool> _lockstep = new("--lockstep")
    {
        Description = "Proposals that depend on seed and number of workers alone, not on which worker is quicker; a slow trial then "
            + "holds the others up.",
    };

    private readonly Option<string> _scheduler = new("--scheduler")
    {
        Description = $"What stops or pauses trials by their reports: {string.Join(", ", SchedulerCatalog.Names)}; options behind a "
            + $"colon, as in asha:min=1,eta=4,max=8.",
        DefaultValueFactory = _ => "none",
    };

    private readonly Option<string> _fidelity = new("--fidelity")
    {
        Description = "What a trial has less of until --scheduler lets it go further: steps (one training, which goes on from its "
            + "checkpoint), or epochs, data or layers (trained again from the start with more); options as in epochs:min=1,eta=4.",
        DefaultValueFactory = _ => "steps",
    };

    private readonly Option<CountingRule> _count = new("--count")
    {
        Description = "Which trainable parameters count: paper (no biases, no head, flat prefix) or exact.",
        DefaultValueFactory = _ => CountingRule.Paper,
    };

    /// <summary>Adds the options to a command.</summary>
    public static SweepCommandOptions AddTo(Command command)
    {
        var options = new SweepCommandOptions();
        command.Arguments.Add(options._space);
        Option[] all =
        [
            options._task, options._tasks, options._aggregate, options._normalize, options._model, options._text, options._tokens,
            options._program,
            options._metric, options._constrain, options._trials, options._sampler, options._seed, options._output, options._delay,
            options._lockstep, options._scheduler, options._fidelity, options._count,
        ];
        foreach (Option option in all) command.Options.Add(option);
        return options;
    }

    /// <summary>Where the sweep is to be written, or null where nothing is typed.</summary>
    public string? Output(ParseResult parsed) => parsed.GetValue(_output);

    /// <summary>What was typed, each value held against its own range.</summary>
    /// <exception cref="InvalidInputException">A value is out of range, or two values exclude each other.</exception>
    public SweepArguments Read(ParseResult parsed, RunOptions run, TrainingArguments training, CancellationToken cancellationToken)
    {
        DemoOptions? demo = parsed.GetRequiredValue(_space) == "demo" ? new DemoOptions() : null;
        string[] set = Tasks(parsed.GetValue(_tasks) ?? [], parsed.GetValue(_task));
        TaskAggregate robust = TaskAggregate.Parse(parsed.GetValue(_aggregate)!);
        if (set.Length == 0
            && (parsed.GetResult(_aggregate) is { Implicit: false } || parsed.GetResult(_normalize) is { Implicit: false }))
            throw new InvalidInputException("--aggregate and --normalize are about several tasks; name them with --tasks.");
        SweepArguments arguments = PopulationSweep.Pair(new SweepArguments
        {
            Space = demo is null ? parsed.GetRequiredValue(_space) : "autopeft",
            Task = parsed.GetValue(_task) ?? (set.Length == 0 ? demo?.Task : null),
            Tasks = set,
            Aggregate = robust,
            Normalize = parsed.GetValue(_normalize) switch
            {
                "reference" => true,
                "none" => false,
                var other => throw new InvalidInputException($"--normalize {other}: there are reference and none."),
            },
            Model = parsed.GetValue(_model) ?? (demo is null ? null : DemoBase.Get(demo, cancellationToken)),
            Text = parsed.GetValue(_text),
            Tokens = parsed.GetValue(_tokens),
            Command = parsed.GetValue(_program),
            Metrics = parsed.GetValue(_metric) ?? [],
            Constraints = parsed.GetValue(_constrain) ?? [],
            Trials = parsed.GetValue(_trials) is > 0 and var n
                ? n
                : throw new InvalidInputException($"--trials takes a whole number from 1, not {parsed.GetValue(_trials)}."),
            Sampler = parsed.GetValue(_sampler)!,
            Seed = parsed.GetValue(_seed),
            Lockstep = parsed.GetValue(_lockstep) ? run.Read(parsed).Workers : null,
            Scheduler = PeftTasksProblem.Scheduler(parsed.GetValue(_scheduler)!, set.Length > 0 ? robust : null),
            Delay = parsed.GetValue(_delay) is >= 0 and < 1e6 and var d
                ? d
                : throw new InvalidInputException("--delay takes seconds from 0."),
            Training = training.Read(parsed, demo?.Training),
            Count = parsed.GetValue(_count),
            Fidelity = TrialFidelity.Parse(parsed.GetValue(_fidelity)!),
        });
        arguments = arguments with { Scheduler = Scheduler(arguments.Scheduler, arguments.Lockstep is not null) };
        if (arguments is { Fidelity.Kind: not FidelityKind.Steps, Scheduler: "none" })
            throw new InvalidInputException($"--fidelity {arguments.Fidelity}: without --scheduler every trial would train every "
                + $"level; add --scheduler asha, say.");
        return arguments;
    }

    /// <summary>Holds what was typed against what the space is: options that another kind of space takes are refused by name.</summary>
    /// <exception cref="InvalidInputException">An option does not go with the space.</exception>
    public static void Validate(SweepArguments arguments, SweepProblem problem, IReadOnlyList<string> typed)
    {
        if (arguments.Tasks.Count > 0 && problem is not TrainingProblem)
            throw new InvalidInputException($"--tasks is for shipped search spaces; {arguments.Space} has no tasks.");
        if (arguments.Tasks.Count > 0 && arguments.Fidelity.Kind != FidelityKind.Steps)
            throw new InvalidInputException($"--fidelity {arguments.Fidelity}: over several tasks a trial has less of by running fewer "
                + "of them; use --scheduler race, or one --task.");
        if (problem is LanguageModelProblem && typed.FirstOrDefault(t => t != TrainingArguments.MaxLength) is { } other)
            throw new InvalidInputException(
                $"{arguments.Space} searches rate, warm-up and batch, and trains as long as --tokens says: it takes no {other}.");
        if (problem is not LanguageModelProblem && arguments.Tokens is not null)
            throw new InvalidInputException($"--tokens is for {LlmLoraSpace.Name} only.");
        if (problem is FunctionProblem or CommandProblem or FileProblem && typed.Count > 0)
        {
            string trains = problem is FunctionProblem ? "trains nothing" : "is trained by your program";
            throw new InvalidInputException($"{arguments.Space} {trains}: it takes no {typed[0]}.");
        }
        if (problem is not CommandProblem
            && (arguments.Command is not null || arguments.Metrics.Count + arguments.Constraints.Count > 0))
            throw new InvalidInputException("--command, --metric and --constrain go with a space of your own, a file that ends with "
                + $"{CommandProblem.Extension}; {arguments.Space} is none.");
        if (arguments.Fidelity.Kind != FidelityKind.Steps && problem is not TrainingProblem)
            throw new InvalidInputException(
                $"--fidelity {arguments.Fidelity} goes with the shipped search spaces, not with {arguments.Space}.");
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
