using System.CommandLine;
using AutoPeft.Cli.Fits;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Optima;
using AutoPeft.Scaling.Reports;
using AutoPeft.Scaling.Sweeps;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft fit</c>: fits scaling laws to runs and says how far to trust them.</summary>
public static class FitCommand
{
    /// <summary>The command with its subcommands.</summary>
    public static Command Create() => new("fit", "Fits scaling laws to runs, with uncertainty, held-out checks and a report.")
    {
        StepLaw(), LossLawCommands.Chinchilla(), LossLawCommands.IsoFlop(), PowerLaw(),
        FormulaCommands.Formula(), FormulaCommands.Law(), FormulaCommands.Compare(), FormulaCommands.Laws(),
    };

    private static Command StepLaw()
    {
        var table = new RunTableOptions();
        var report = new ReportOptions("step-law");
        var recipe = new Option<string>("--recipe")
        {
            Description = "How optima are read off the grids: near-optimal (runs within 0.25 % of the best), argmin, or quadratic.",
            DefaultValueFactory = _ => "near-optimal",
            HelpName = "near-optimal|argmin|quadratic",
        };
        var heldOut = new Option<string?>("--held-out")
        {
            Description = "Grids that the fit must not see, to test it on: another file of the same columns.",
            HelpName = "FILE",
        };
        var command = new Command("step-law", "Learning rate and batch size laws: lr = c·N^a·D^b, batch = c·D^b tokens.");
        table.AddTo(command, sweep: true);
        command.Options.Add(recipe);
        command.Options.Add(heldOut);
        report.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            var data = SweepData.From(await table.OpenAsync(parsed, cancel).ConfigureAwait(false), table.Choice(parsed));
            var fit = StepLawFit.Fit(data, new StepLawFitOptions
            {
                Recipe = parsed.GetRequiredValue(recipe) switch
                {
                    "near-optimal" => Recipe.NearOptimal,
                    "argmin" => Recipe.Argmin,
                    "quadratic" => Recipe.Quadratic,
                    var other => throw new InvalidInputException($"--recipe {other}: near-optimal, argmin or quadratic is expected."),
                },
                BootstrapSamples = report.Samples(parsed),
                Seed = report.Seed(parsed),
            });
            HeldOutResult? elsewhere = parsed.GetValue(heldOut) is { } path
                ? HeldOutProtocol.On(fit,
                    SweepData.From(await RunTableFile.OpenAsync(path, cancel).ConfigureAwait(false), new ColumnChoice()))
                : null;
            report.Write(parsed, new StepLawReport(fit, elsewhere));
            return 0;
        });
        return command;
    }

    private static Command PowerLaw()
    {
        var data = new Option<string>("--data") { Description = RunTableOptions.DataHelp, Required = true, HelpName = "FILE" };
        var target = new Option<string>("--target") { Description = "Column of y.", Required = true, HelpName = "COLUMN" };
        var on = new Option<string[]>("--on")
        {
            Description = "Columns of the regressors.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
            HelpName = "COLUMN",
        };
        var json = new Option<string?>("--json") { Description = "Write the fit as JSON.", HelpName = "FILE" };
        var command =
            new Command("power-law", "Any power law: y = c·x1^k1·x2^k2·…, by least squares in log space.") { data, target, on, json };
        command.SetAction(async (parsed, cancel) =>
        {
            RunTable table = await RunTableFile.OpenAsync(parsed.GetRequiredValue(data), cancel).ConfigureAwait(false);
            string[] names = [.. parsed.GetRequiredValue(on)
                .SelectMany(n => n.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
            IFitReport report = PowerLawReport.Run(table, parsed.GetRequiredValue(target), names);
            report.WriteConsole(Console.Out);
            if (parsed.GetValue(json) is { } path) report.WriteJson(path);
            return 0;
        });
        return command;
    }
}
