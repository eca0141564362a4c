using System.CommandLine;
using System.Globalization;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Cli.Fits;

/// <summary>The options of fits by formula: starts, bounds, fixed values, residuals, weights.</summary>
internal sealed class FormulaOptions
{
    private readonly Option<string[]> _start = Many("--start",
        "Start of a parameter, such as alpha=0.3; several values for several starts: alpha=0.1,0.3,1. Default: the search chooses.",
        "NAME=VALUE");
    private readonly Option<string[]> _bound =
        Many("--bound", "Bounds of a parameter, such as alpha=0,2 (either side may be empty).", "NAME=LOW,HIGH");
    private readonly Option<string[]> _fix = Many("--fix", "Value at which a parameter is held, such as E=1.69.", "NAME=VALUE");
    private readonly Option<double> _delta = new("--delta")
    {
        Description = "Huber threshold of the residuals; inf gives least squares.",
        DefaultValueFactory = _ => 1e-3,
        HelpName = "DELTA",
    };
    private readonly Option<string> _residuals = new("--residuals")
    {
        Description = "How prediction and target are compared: log, linear or relative.",
        DefaultValueFactory = _ => "log",
        HelpName = "log|linear|relative",
    };
    private readonly Option<string?> _weights =
        new("--weights") { Description = "Column of weights of the squared residuals.", HelpName = "COLUMN" };
    private readonly Option<string?> _cluster = new("--cluster")
    {
        Description = "Column whose equal values share an effect (a size, a seed, a family): intervals allow for it.",
        HelpName = "COLUMN",
    };
    private readonly Option<int> _iterations =
        new("--max-iterations") { Description = "Cap on iterations of a descent.", DefaultValueFactory = _ => 500, HelpName = "COUNT" };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _start, _bound, _fix, _delta, _residuals, _weights, _cluster, _iterations })
            command.Options.Add(option);
    }

    /// <summary>What a person asked for, over a law's own bounds.</summary>
    public FormulaReportOptions Read(ParseResult parsed, ReportOptions report, IReadOnlyList<FormulaParameter> bounds)
    {
        var parameters = bounds.ToDictionary(b => b.Name);
        FormulaParameter Of(string name) => parameters.GetValueOrDefault(name) ?? new FormulaParameter(name);
        foreach (var (name, values) in Pairs(parsed, _start))
            parameters[name] = Of(name) with { Start = values[0], OtherStarts = values[1..] };
        foreach (var (name, values) in Pairs(parsed, _bound, empty: true))
        {
            if (values.Length != 2 || values[0] >= values[1])
                throw new InvalidInputException($"--bound {name}: LOW,HIGH with LOW below HIGH is expected.");
            parameters[name] = Of(name) with
            {
                Low = double.IsNaN(values[0]) ? double.NegativeInfinity : values[0],
                High = double.IsNaN(values[1]) ? double.PositiveInfinity : values[1],
            };
        }
        foreach (var (name, values) in Pairs(parsed, _fix)) parameters[name] = new FormulaParameter(name, values[0], values[0], values[0]);
        if (!(parsed.GetValue(_delta) > 0)) throw new InvalidInputException("--delta must be positive.");
        if (parsed.GetValue(_iterations) < 1) throw new InvalidInputException("--max-iterations must be at least 1.");
        return new FormulaReportOptions
        {
            Parameters = parameters,
            Fit = new FormulaFitOptions
            {
                Delta = parsed.GetValue(_delta),
                MaxIterations = parsed.GetValue(_iterations),
                Residuals = parsed.GetRequiredValue(_residuals) switch
                {
                    "log" => ResidualScale.Log,
                    "linear" => ResidualScale.Linear,
                    "relative" => ResidualScale.Relative,
                    var other => throw new InvalidInputException($"--residuals {other}: log, linear or relative is expected."),
                },
            },
            WeightColumn = parsed.GetValue(_weights),
            ClusterColumn = parsed.GetValue(_cluster),
            BootstrapSamples = report.StatesSamples(parsed) ? report.Samples(parsed) : 0,
            Seed = report.Seed(parsed),
        };
    }

    private static Option<string[]> Many(string name, string what, string help) =>
        new(name) { Description = what, AllowMultipleArgumentsPerToken = true, HelpName = help };

    private static IEnumerable<(string Name, double[] Values)> Pairs(ParseResult parsed, Option<string[]> option, bool empty = false)
    {
        foreach (string text in parsed.GetValue(option) ?? [])
        {
            string[] parts = text.Split('=', 2);
            string[] values = parts.Length == 2 ? parts[1].Split(',') : [];
            if (values.Length == 0 || parts[0].Length == 0
                || values.Any(
                    v => !(empty && v.Length == 0) && !double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
                throw new InvalidInputException($"{option.Name} {text}: {option.HelpName} is expected.");
            yield return (parts[0], [.. values.Select(v => v.Length == 0 ? double.NaN : double.Parse(v, CultureInfo.InvariantCulture))]);
        }
    }
}
