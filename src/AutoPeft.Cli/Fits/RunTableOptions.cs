using System.CommandLine;
using System.Globalization;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Cli.Fits;

/// <summary>The options that name a table of runs, its columns and units.</summary>
internal sealed class RunTableOptions
{
    private static readonly (ColumnRole Role, string Option, string What)[] s_columns =
    [
        (ColumnRole.Params, "--n-column", "model size N (parameters)"), (ColumnRole.Tokens, "--d-column", "training tokens D"),
        (ColumnRole.Compute, "--compute-column",
            "training compute (FLOP): budgets of isoFLOP profiles, and D = C/6N where D is missing; none ignores it"),
        (ColumnRole.Loss, "--loss-column", "the loss"), (ColumnRole.LearningRate, "--lr-column", "the peak learning rate"),
        (ColumnRole.BatchSize, "--bs-column", "the batch size"),
        (ColumnRole.SequenceLength, "--seq-column", "tokens per sequence"), (ColumnRole.Steps, "--steps-column", "optimiser steps"),
    ];

    private readonly Option<string> _data;
    private readonly Dictionary<ColumnRole, Option<string?>> _columns = [];
    private readonly Option<string?> _nUnit = new("--n-unit")
    {
        Description = "Unit of N: k, M, B, T or a factor. Default: from the header, else parameters.",
        HelpName = "UNIT",
    };
    private readonly Option<string?> _dUnit =
        new("--d-unit") { Description = "Unit of D: k, M, B, T or a factor. Default: from the header, else tokens.", HelpName = "UNIT" };
    private readonly Option<string?> _cUnit = new("--compute-unit")
    {
        Description = "Unit of compute: a factor to FLOP, or pfdays. Default: from the header, else FLOP.",
        HelpName = "UNIT",
    };
    private readonly Option<string?> _bsUnit = new("--bs-unit")
    {
        Description = "Unit of the batch size: tokens or sequences. Default: worked out from the table.",
        HelpName = "tokens|sequences",
    };
    private readonly Option<double?> _seq = new("--seq")
    {
        Description = "Tokens per sequence, for batches in sequences. Default: from the table, else 2048.",
        HelpName = "TOKENS",
    };
    private readonly Option<string[]> _gridBy = new("--grid-by")
    {
        Description = "Columns that tell grids of one (N, D) apart. Default: found where needed.",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "COLUMN",
    };

    private readonly Option<string[]> _where = new("--where")
    {
        Description = "Use the rows that meet a condition only, such as tokenizer=gpt2 or loss<4. May be repeated.",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "CONDITION",
    };
    private readonly Option<string> _checkpoints = new("--checkpoints")
    {
        Description = "Where rows are checkpoints of runs: take the last of each run, or all.",
        DefaultValueFactory = _ => "last",
        HelpName = "last|all",
    };

    /// <summary>What --data takes, in words.</summary>
    public const string DataHelp =
        "The runs: CSV, JSON, JSON lines (each also .gz) or Parquet; a folder or pattern of such files; or a study's directory.";

    public RunTableOptions()
    {
        _data = new Option<string>("--data") { Description = DataHelp, Required = true, HelpName = "FILE" };
        foreach (var (role, option, what) in s_columns)
            _columns[role] =
                new Option<string?>(option) { Description = $"Column of {what}. Default: recognised by its name.", HelpName = "COLUMN" };
    }

    /// <summary>Adds the source and its conditions alone.</summary>
    public void AddSourceTo(Command command)
    {
        command.Options.Add(_data);
        command.Options.Add(_where);
    }

    public void AddTo(Command command, bool sweep)
    {
        AddSourceTo(command);
        if (!sweep) command.Options.Add(_checkpoints);
        foreach (var (role, _, _) in s_columns)
            if (sweep || role <= ColumnRole.Loss) command.Options.Add(_columns[role]);
        command.Options.Add(_nUnit);
        command.Options.Add(_dUnit);
        command.Options.Add(_cUnit);
        if (!sweep) return;
        command.Options.Add(_bsUnit);
        command.Options.Add(_seq);
        command.Options.Add(_gridBy);
    }

    /// <summary>The source's table, rows that miss a condition left out.</summary>
    public async Task<RunTable> OpenAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        RunTable table = await RunTableFile.OpenAsync(parsed.GetRequiredValue(_data), cancellationToken).ConfigureAwait(false);
        return RowFilter.Apply(table, [.. (parsed.GetValue(_where) ?? []).Select(RowFilter.Parse)]);
    }

    public ColumnChoice Choice(ParseResult parsed)
    {
        var names = new Dictionary<ColumnRole, string>();
        foreach (var (role, option) in _columns)
            if (parsed.GetResult(option) is not null && parsed.GetValue(option) is { } name) names[role] = name;
        return new ColumnChoice
        {
            Names = names,
            ParamsUnit = Unit(parsed, _nUnit),
            TokensUnit = Unit(parsed, _dUnit),
            ComputeUnit = Unit(parsed, _cUnit),
            BatchUnit = parsed.GetResult(_bsUnit) is null ? null : parsed.GetValue(_bsUnit) switch
            {
                "tokens" => BatchUnit.Tokens,
                "sequences" or "samples" => BatchUnit.Sequences,
                var other => throw new InvalidInputException($"--bs-unit {other}: tokens or sequences is expected."),
            },
            SequenceLength = parsed.GetResult(_seq) is null ? null
                : parsed.GetValue(_seq) is { } s and > 0 ? s
                : throw new InvalidInputException("--seq must be positive."),
            KeepCheckpoints = parsed.GetResult(_checkpoints) is not null && parsed.GetValue(_checkpoints) switch
            {
                "last" => false,
                "all" => true,
                var other => throw new InvalidInputException($"--checkpoints {other}: last or all is expected."),
            },
            GridBy = parsed.GetResult(_gridBy) is { Implicit: false } ? parsed.GetValue(_gridBy) : null,
        };
    }

    private static double? Unit(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetResult(option) is null || parsed.GetValue(option) is not { } text) return null;
        double? known = text.ToUpperInvariant() switch { "K" => 1e3, "M" => 1e6, "B" => 1e9, "T" => 1e12, "PFDAYS" => 8.64e19, _ => null };
        return known ?? (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double v) && v > 0 ? v
            : throw new InvalidInputException($"{option.Name} {text}: k, M, B, T or a positive factor is expected."));
    }
}
