using System.CommandLine;
using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Cli.Fits;

/// <summary><c>fit chinchilla</c> and <c>fit isoflop</c>.</summary>
internal static class LossLawCommands
{
    /// <summary>The loss law by three approaches, for all runs or for each group of them.</summary>
    public static Command Chinchilla()
    {
        var table = new RunTableOptions();
        var report = new ReportOptions("chinchilla");
        var objective = new Option<string>("--objective")
        {
            Description = "huber-sum (Hoffmann et al. as stated) or huber-likelihood (Besiroglu et al.: free scale).",
            DefaultValueFactory = _ => "huber-sum",
            HelpName = "huber-sum|huber-likelihood",
        };
        var delta = new Option<double>("--delta")
        {
            Description = "Huber threshold on log loss.",
            DefaultValueFactory = _ => 1e-3,
            HelpName = "DELTA",
        };
        var drop = new Option<int?>("--drop-highest")
        {
            Description = "Leave out this many points of highest loss. Default: 5 for Epoch AI's points of Hoffmann et al., else 0.",
            HelpName = "COUNT",
        };
        var group = GroupBy();
        var command =
            new Command("chinchilla", "Loss law: L(N, D) = E + A/N^α + B/D^β, by approaches 1, 2 and 3.") { Aliases = { "loss-law" } };
        table.AddTo(command, sweep: false);
        foreach (Option option in new Option[] { objective, delta, drop, group }) command.Options.Add(option);
        report.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(drop) < 0) throw new InvalidInputException("--drop-highest must not be negative.");
            if (!(parsed.GetValue(delta) > 0)) throw new InvalidInputException("--delta must be positive.");
            var options = new LossLawReportOptions
            {
                Fit = new LossLawFitOptions { Delta = parsed.GetValue(delta), Objective = Objective(parsed.GetRequiredValue(objective)) },
                BootstrapSamples = report.Samples(parsed),
                Seed = report.Seed(parsed),
            };
            RunTable runs = await table.OpenAsync(parsed, cancel).ConfigureAwait(false);
            var parts = Groups(runs, parsed.GetValue(group))
                .Select(g => (g.Name, Points: LossPoints.From(g.Table, table.Choice(parsed), parsed.GetValue(drop)))).ToList();
            foreach (var (name, points) in parts)
            {
                if (name.Length > 0) Console.WriteLine($"== {name}");
                report.Write(parsed, Fit(points, options, cancel), name);
            }
            if (parts.Count > 1) Multipliers(parts);
            return 0;
        });
        return command;
    }

    /// <summary>IsoFLOP profiles alone: they stand where the loss law cannot be fitted.</summary>
    public static Command IsoFlop()
    {
        var table = new RunTableOptions();
        var report = new ReportOptions("isoflop");
        var group = GroupBy();
        var command = new Command(
            "isoflop", "IsoFLOP profiles: the compute-optimal N of each budget, and N_opt ∝ C^a (approach 2 alone).");
        table.AddTo(command, sweep: false);
        command.Options.Add(group);
        report.AddTo(command, bootstrap: false);
        command.SetAction(async (parsed, cancel) =>
        {
            RunTable runs = await table.OpenAsync(parsed, cancel).ConfigureAwait(false);
            foreach (var (name, part) in Groups(runs, parsed.GetValue(group)))
            {
                if (name.Length > 0) Console.WriteLine($"== {name}");
                report.Write(parsed, IsoFlopReport.Run(LossPoints.From(part, table.Choice(parsed))), name);
            }
            return 0;
        });
        return command;
    }

    private static Option<string?> GroupBy() => new("--group-by")
    {
        Description =
            "Fit each value of this column on its own (a tokenizer, a data set, a recipe); compute multipliers between them follow.",
        HelpName = "COLUMN",
    };

    private static LossObjective Objective(string name) => name switch
    {
        "huber-sum" => LossObjective.HuberSum,
        "huber-likelihood" => LossObjective.HuberLikelihood,
        var other => throw new InvalidInputException($"--objective {other}: huber-sum or huber-likelihood is expected."),
    };

    // Where the law has no minimum inside its bounds, what approach 2 finds on the same runs is said with the refusal.
    private static LossLawReport Fit(LossPoints points, LossLawReportOptions options, CancellationToken cancel)
    {
        try
        {
            return LossLawReport.Run(points, options, cancel);
        }
        catch (FitDidNotConvergeException e)
        {
            var iso = Scaling.Fitting.IsoFlop.Fit(points);
            throw iso.Exponent is { } a
                ? new FitDidNotConvergeException(e.Message.TrimEnd('.'), string.Create(CultureInfo.InvariantCulture,
                    $". Approach 2 stands: N_opt ∝ C^{a:0.000} ({iso.ExponentBand.Low:0.000} … "
                        + $"{iso.ExponentBand.High:0.000}); see `autopeft fit isoflop`."))
                : e;
        }
    }

    private static IEnumerable<(string Name, RunTable Table)> Groups(RunTable table, string? column)
    {
        if (column is null) return [("", table)];
        RunColumn by = table.Require(column, " for --group-by");
        var groups = Enumerable.Range(0, table.RowCount).GroupBy(by.TextAt).OrderByDescending(g => g.Count()).ToList();
        return groups.Count > 30
            ? throw new InvalidInputException(
                $"--group-by {column}: the column has {groups.Count} values; 30 groups at most can be told apart.")
            : groups.Select(g => ($"{by.Name}={g.Key}", table.Take([.. g])));
    }

    private static void Multipliers(List<(string Name, LossPoints Points)> parts)
    {
        try
        {
            RecipeMultipliers shared = RecipeMultipliers.Fit(parts);
            Console.WriteLine();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"compute multipliers under one shared law (residuals {shared.Rms * 1000:0.0} ‰), {shared.Reference} = 1"));
            foreach (var (recipe, m, band) in shared.Multipliers)
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"  {recipe}  {m:G4}   95 % {band.Low:G4} … {band.High:G4}"));
        }
        catch (ScalingDataException e)
        {
            Console.WriteLine($"! no compute multipliers: {e.Message}");
        }
    }
}
