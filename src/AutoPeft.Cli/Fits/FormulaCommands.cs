using System.CommandLine;
using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Prediction;
using AutoPeft.Scaling.Register;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Cli.Fits;

/// <summary><c>fit formula</c>, <c>fit law</c>, <c>fit compare</c> and <c>fit laws</c>.</summary>
internal static class FormulaCommands
{
    /// <summary>A formula of a person's own.</summary>
    public static Command Formula()
    {
        var table = new RunTableOptions();
        var report = new ReportOptions("formula");
        var options = new FormulaOptions();
        var target =
            new Option<string>("--target") { Description = "Column that the formula predicts.", Required = true, HelpName = "COLUMN" };
        var formula = new Option<string>("--formula")
        {
            Description = "Such as 'E + A*N^-alpha': columns are regressors (quote odd names in backticks), other names are parameters; + "
                + "- * / ^ exp log sqrt tanh sigmoid abs max min sum logsumexp.",
            Required = true,
            HelpName = "TEXT",
        };
        var command = new Command("formula", "A formula of your own, by a robust trust-region fit from many starts.");
        table.AddSourceTo(command);
        command.Options.Add(target);
        command.Options.Add(formula);
        options.AddTo(command);
        report.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            RunTable runs = await table.OpenAsync(parsed, cancel).ConfigureAwait(false);
            report.Write(parsed,
                FormulaReport.Run(runs, parsed.GetRequiredValue(target), parsed.GetRequiredValue(formula),
                    options.Read(parsed, report, [])));
            return 0;
        });
        return command;
    }

    /// <summary>A registered law.</summary>
    public static Command Law()
    {
        var table = new RunTableOptions();
        var report = new ReportOptions("law");
        var options = new FormulaOptions();
        var name = new Argument<string>("law") { Description = "Key of the law; `autopeft fit laws` lists them.", HelpName = "LAW" };
        var (target, map) = (Target(), Map());
        var command = new Command("law", "A published law from the register, its columns recognised or mapped.") { name };
        table.AddTo(command, sweep: false);
        command.Options.Add(target);
        command.Options.Add(map);
        options.AddTo(command);
        report.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            RegisteredLaw law = LawRegister.Find(parsed.GetRequiredValue(name));
            RunTable runs = await table.OpenAsync(parsed, cancel).ConfigureAwait(false);
            (ColumnChoice choice, Dictionary<string, string> mapped) = (table.Choice(parsed), Mapped(parsed.GetValue(map)));
            FormulaReportOptions chosen = options.Read(parsed, report, law.Bounds);
            LawTable bound =
                LawTable.Bind(runs, law, parsed.GetValue(target), mapped, choice, out var missing,
                    [.. new[] { chosen.WeightColumn, chosen.ClusterColumn }.OfType<string>()])
                ?? throw new InvalidInputException($"law {law.Key}: no column for "
                    + string.Join(", ", law.Variables.Where(v => missing.Contains(v.Symbol)).Select(v => $"{v.Symbol} ({v.Meaning})"))
                    + $"; map one with --map {missing[0]}=COLUMN. The columns are: {runs.NamesForMessage}.");
            FormulaReport fitted = FormulaReport.Run(bound.Seen, bound.Seen.Columns[^1].Name, law.Formula, chosen);
            report.Write(parsed, fitted);
            Console.WriteLine($"  {law.Name}: {law.Source}; {law.Pitfall}");
            if (fitted.IsIdentified && bound.Ahead is { } ahead) WriteAhead(fitted, ahead);
            return 0;
        });
        return command;
    }

    /// <summary>All laws that a table's columns allow.</summary>
    public static Command Compare()
    {
        var table = new RunTableOptions();
        var report = new ReportOptions("compare");
        var laws = new Option<string[]>("--laws")
        {
            Description = "Laws to compare. Default: all loss laws that the columns allow.",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "LAW",
        };
        var (target, map) = (Target(), Map());
        var command =
            new Command("compare", "Compares published laws on one table: extrapolation error, AICc with weights, and their stack.");
        table.AddTo(command, sweep: false);
        command.Options.Add(laws);
        command.Options.Add(target);
        command.Options.Add(map);
        report.AddTo(command, bootstrap: false);
        command.SetAction(async (parsed, cancel) =>
        {
            RunTable runs = await table.OpenAsync(parsed, cancel).ConfigureAwait(false);
            var notes = new List<string>();
            ColumnChoice choice = table.Choice(parsed);
            if (parsed.GetValue(target) is null)
            {
                // Rows as the loss laws read them: diverged runs and repeats left out, checkpoints reduced.
                LossPoints points = LossPoints.From(runs, choice);
                notes.AddRange(points.Notes);
                int[] kept = [.. Enumerable.Range(0, runs.RowCount).Where(i => points.Rows.Contains(runs.RowNumber(i)))];
                runs = runs.Take(kept);
            }
            RegisteredLaw[] chosen =
                parsed.GetValue(laws) is { Length: > 0 } keys ? [.. keys.SelectMany(k => k.Split(',')).Select(LawRegister.Find)]
                : [.. LawRegister.All.Where(l => l.Predicts == "loss")];
            report.Write(parsed,
                new ComparisonReport(LawComparison.Run(runs, chosen, parsed.GetValue(target), Mapped(parsed.GetValue(map)), choice, cancel),
                    notes));
            return 0;
        });
        return command;
    }

    /// <summary>Lists the register.</summary>
    public static Command Laws()
    {
        var command = new Command("laws", "Lists the registered laws: form, variables, source, pitfalls.");
        command.SetAction(_ =>
        {
            foreach (RegisteredLaw law in LawRegister.All)
            {
                Console.WriteLine($"{law.Key,-22} {law.Name}: {law.Predicts} = {law.Formula}");
                Console.WriteLine($"{"",-22} "
                    + $"{string.Join("; ",
                        law.Variables.Select(v => $"{v.Symbol} {v.Meaning}"))}{(law.Optimum is { } o ? $"; optimum {o}" : "")}");
                Console.WriteLine($"{"",-22} {law.Source}. {law.Pitfall}.");
            }
            return 0;
        });
        return command;
    }

    // Runs that go on: the law at the last row of each.
    private static void WriteAhead(FormulaReport fitted, RunTable ahead)
    {
        FormulaPredictor predictor = fitted.Predictor();
        for (int i = 0; i < ahead.RowCount; i++)
        {
            FormulaPrediction p = predictor.Predict(ahead.Columns.ToDictionary(c => c.Name, c => c.Numbers![i]));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  row {ahead.RowNumber(i)}: {fitted.Target} {p.Value:G5}, 95 % of rows {p.RowBand.Low:G5} … {p.RowBand.High:G5}"));
            foreach (string warning in p.Warnings) Console.WriteLine($"! row {ahead.RowNumber(i)}: {warning}");
        }
    }

    private static Option<string?> Target() =>
        new("--target") { Description = "Column that the law predicts. Default: the loss.", HelpName = "COLUMN" };

    private static Option<string[]> Map() =>
        new("--map")
        {
            Description = "Column of a law's variable, such as U=unique_tokens.",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "SYMBOL=COLUMN",
        };

    private static Dictionary<string, string> Mapped(string[]? pairs) =>
        (pairs ?? []).Select(p => p.Split('=', 2) is [var symbol, var column] && symbol.Length > 0 && column.Length > 0
        ? KeyValuePair.Create(symbol, column) : throw new InvalidInputException($"--map {p}: SYMBOL=COLUMN is expected."))
        .DistinctBy(p => p.Key).ToDictionary();
}
