using System.CommandLine;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Commands;

/// <summary>What <c>autopeft train</c> takes: a configuration, a plan or a saved adapter, and what to do with it.</summary>
internal sealed class TrainCommandOptions
{
    private readonly Option<string?> _config =
        new("--config") { Description = "A JSON file: a configuration as the report copies it or `front --json` prints it." };

    private readonly Option<string> _space = new("--space")
    {
        Description = "The search space that --config is a member of.",
        DefaultValueFactory = _ => "autopeft",
    };

    private readonly Option<string?> _plan =
        new("--plan") { Description = "A method by name instead: \"lora r8 qv\", \"serial 48\", \"mam\", full, head, bitfit, ia3 …" };

    private readonly Option<string?> _adapter =
        new("--adapter") { Description = "A folder with a saved adapter, ours or peft's, to score instead." };

    private readonly Option<string> _task = new("--task")
    {
        Description = "A synthetic task by name, or tsv:DIR; for labels: \"tsv:DIR;kind=regression\", \"tsv:DIR;labels=no|yes\".",
        Required = true,
    };

    private readonly Option<string> _model = new("--model") { Description = "Directory of the base model.", Required = true };

    private readonly Option<ulong> _seed = new("--seed") { Description = "All randomness hangs on it; default: 0." };

    private readonly Option<bool> _test = new("--test") { Description = "Scores the best epoch on the test set too." };

    private readonly Option<string?> _predict =
        new("--predict") { Description = "A file for the answers to a test set without labels." };

    private readonly Option<string?> _save =
        new("--save") { Description = "A folder for what was trained, with the weights of the best epoch." };

    private readonly Option<SaveFormat> _format = new("--format")
    {
        Description = "With --save: autopeft (any plan), peft (Hugging Face's adapters), or merged (a whole checkpoint).",
        DefaultValueFactory = _ => SaveFormat.Autopeft,
    };

    private readonly Option<bool> _untrained = new("--untrained")
    {
        Description = "Starts from an untrained encoder of the same shape, to see what pretraining is worth.",
    };

    private readonly Option<int?> _threads = new("--threads") { Description = "Threads; default: all cores." };

    private readonly TrainingArguments _training;

    private TrainCommandOptions(Command command)
    {
        Option[] all =
        [
            _config, _space, _plan, _adapter, _task, _model, _seed, _test, _predict, _save, _format, _untrained, _threads,
        ];
        foreach (Option option in all) command.Options.Add(option);
        _training = TrainingArguments.AddTo(command);
    }

    /// <summary>Adds the options to a command.</summary>
    public static TrainCommandOptions AddTo(Command command) => new(command);

    /// <summary>Threads to train with.</summary>
    public int Threads(ParseResult parsed) => parsed.GetValue(_threads) ?? Environment.ProcessorCount;

    /// <summary>What was typed, held against what goes together.</summary>
    /// <exception cref="InvalidInputException">Nothing to train, two ways of saying what, or --save or --format out of place.</exception>
    public TrainRequest Read(ParseResult parsed)
    {
        RequireOne(parsed, _config, _plan, _adapter);
        RequireSaving(parsed);
        return new TrainRequest(parsed.GetRequiredValue(_model), parsed.GetRequiredValue(_task), _training.Read(parsed),
            parsed.GetValue(_seed))
        {
            Config = parsed.GetValue(_config),
            Space = parsed.GetValue(_space)!,
            Plan = parsed.GetValue(_plan),
            Adapter = parsed.GetValue(_adapter),
            Test = parsed.GetValue(_test),
            Pretrained = !parsed.GetValue(_untrained),
            Save = parsed.GetValue(_save),
            Format = parsed.GetValue(_format),
            Predict = parsed.GetValue(_predict),
        };
    }

    private static void RequireOne(ParseResult parsed, params Option<string?>[] ways)
    {
        string[] typed = [.. ways.Where(w => parsed.GetValue(w) is not null).Select(w => w.Name)];
        if (typed.Length == 0) throw new InvalidInputException("--config, --plan or --adapter is missing: what shall be trained?");
        if (typed.Length > 1) throw new InvalidInputException($"{typed[0]} and {typed[1]} exclude each other.");
    }

    private void RequireSaving(ParseResult parsed)
    {
        bool saves = parsed.GetValue(_save) is not null;
        if (saves && parsed.GetValue(_untrained))
            throw new InvalidInputException("--save goes without --untrained: an adapter of a random encoder is of no use elsewhere.");
        if (saves && parsed.GetValue(_adapter) is not null)
            throw new InvalidInputException("--save goes with --config or --plan: --adapter trains nothing.");
        if (!saves && parsed.GetResult(_format) is { Implicit: false }) throw new InvalidInputException("--format goes with --save.");
    }
}

/// <summary>What <c>autopeft train</c> trains or scores, how, and what is written.</summary>
/// <param name="Model">Directory of the base model.</param>
/// <param name="Task">The task by name or folder.</param>
/// <param name="Options">How is trained.</param>
/// <param name="Seed">All randomness hangs on it.</param>
internal sealed record TrainRequest(string Model, string Task, TrainingOptions Options, ulong Seed)
{
    /// <summary>The file of a configuration; null: not that way.</summary>
    public string? Config { get; init; }

    /// <summary>The search space that the configuration is a member of.</summary>
    public required string Space { get; init; }

    /// <summary>A method's name; null: not that way.</summary>
    public string? Plan { get; init; }

    /// <summary>The folder of a saved adapter to score; null: not that way.</summary>
    public string? Adapter { get; init; }

    /// <summary>Whether the best epoch is scored on the test set too.</summary>
    public bool Test { get; init; }

    /// <summary>Whether training starts from the base model's weights; otherwise from random ones of the same shape.</summary>
    public bool Pretrained { get; init; }

    /// <summary>The folder for what was trained; null: none.</summary>
    public string? Save { get; init; }

    /// <summary>How what was trained is written.</summary>
    public SaveFormat Format { get; init; }

    /// <summary>The file for answers to the unlabelled examples; null: none.</summary>
    public string? Predict { get; init; }
}
