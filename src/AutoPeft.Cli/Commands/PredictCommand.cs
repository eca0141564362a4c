using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Cli.Fits;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Prediction;
using AutoPeft.Scaling.Sweeps;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft predict</c>: reads settings, losses and sizes off a law, with bands.</summary>
public static class PredictCommand
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>The command with its subcommands.</summary>
    public static Command Create() =>
        new("predict",
            "Learning rate, batch size, loss and compute-optimal sizes from a scaling law, with bands.") { StepLaw(), Chinchilla(),
                Optimal(), Frontier(), Formula(), PredictPlanCommand.Create() };

    internal static Option<double> Number(string name, string what, string help) => new(name)
    {
        Description = what + " 7B, 1.4T and 1e21 are understood.",
        Required = true,
        HelpName = help,
        CustomParser = Quantity,
    };

    // 7e9, 7B, 1.4T, 300M.
    private static double Quantity(System.CommandLine.Parsing.ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (NumberCell.TryParse(text, out double value) && double.IsFinite(value)) return value;
        result.AddError($"'{text}' is no number; 7e9, 7B or 1.4T is expected.");
        return double.NaN;
    }

    // Says when a prediction leaves the data, and by how much.
    private static void WriteBeyond(LossPrediction p, LossLawPredictor predictor)
    {
        if (double.IsNaN(p.TimesBeyond)) return;
        var (law, run, size, form) = p.Parts;
        Console.WriteLine($"band of a run: law {P(law)}, run noise {P(run)}, sizes {P(size)}, form {P(form)}"
            + (double.IsNaN(predictor.MeasuredCoverage)
                ? "; no backtest measured it"
                : $"; in backtests the 90 % band held {predictor.MeasuredCoverage * 100:0} %"));
        if (p.TimesBeyond > 1)
            Console.WriteLine(
                $"{(p.TimesBeyond > 100 ? "! " : "")}{G(p.TimesBeyond)} times the compute of the largest run that the law was fitted to");
    }

    private static string P(double v) => (v * 1000).ToString("0.0", CultureInfo.InvariantCulture) + " ‰";

    internal static Option<string?> Json() => new("--json") { Description = "Write the prediction as JSON.", HelpName = "FILE" };

    internal static Option<string?> Fit(string kind) =>
        new("--fit") { Description = $"A file that `autopeft fit {kind} --json` wrote. Default: the published law.", HelpName = "FILE" };

    private static Command StepLaw()
    {
        var (n, d) = (Number("--params", "Model size N: non-embedding parameters, total for mixtures of experts.", "N"),
            Number("--tokens", "Training tokens D.", "D"));
        var seq = new Option<double>("--seq")
        {
            Description = "Tokens per sequence, to count the batch in sequences.",
            DefaultValueFactory = _ => 2048,
            HelpName = "TOKENS",
        };
        var (fit, json) = (Fit("step-law"), Json());
        var data = new Option<string?>("--data") { Description = "Fit to these runs first, instead of reading a fit.", HelpName = "FILE" };
        var command =
            new Command("step-law", "Learning rate and batch size for a model about to be trained.") { n, d, seq, fit, data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            if (!(parsed.GetValue(seq) >= 1)) throw new InvalidInputException("--seq must be at least 1 token.");
            var predictor = parsed.GetValue(fit) is { } file ? StepLawPredictor.Load(file)
                : parsed.GetValue(data) is { } path
                    ? StepLawPredictor.Of(StepLawFit.Fit(SweepData.From(await RunTableFile.OpenAsync(path, cancel).ConfigureAwait(false)),
                        new StepLawFitOptions { HeldOut = false }))
                : StepLawPredictor.Published;
            var p = predictor.Predict(parsed.GetValue(n), parsed.GetValue(d));
            double s = parsed.GetValue(seq);
            Console.WriteLine($"learning rate  {G(p.LearningRate)}   95 % {G(p.LearningRateBand.Low)} … {G(p.LearningRateBand.High)}");
            Console.WriteLine($"batch size     {T(p.BatchTokens)} tokens   95 % {T(p.BatchBand.Low)} … {T(p.BatchBand.High)}");
            Console.WriteLine(
                $"             = {T(p.BatchTokens / s)} sequences of {T(s)}   95 % {T(p.BatchBand.Low / s)} … {T(p.BatchBand.High / s)}");
            Console.WriteLine($"law: {predictor.Source}");
            foreach (string warning in predictor.Warnings) Console.WriteLine("! " + warning);
            if (parsed.GetValue(json) is { } to)
                Write(to, new JsonObject
                {
                    ["params"] = parsed.GetValue(n),
                    ["tokens"] = parsed.GetValue(d),
                    ["lr"] = p.LearningRate,
                    ["lr_ci95"] = Pair(p.LearningRateBand),
                    ["batch_tokens"] = p.BatchTokens,
                    ["batch_tokens_ci95"] = Pair(p.BatchBand),
                    ["seq"] = s,
                    ["batch_sequences"] = p.BatchTokens / s,
                    ["law"] = predictor.Source,
                });
            return 0;
        });
        return command;
    }

    private static Command Chinchilla()
    {
        var (n, d) = (Number("--params", "Model size N, parameters.", "N"), Number("--tokens", "Training tokens D.", "D"));
        var (fit, json) = (Fit("chinchilla"), Json());
        var command = new Command("chinchilla", "Loss at N parameters and D tokens.") { n, d, fit, json };
        command.Aliases.Add("loss");
        command.SetAction(parsed =>
        {
            var predictor = Law(parsed, fit);
            double params0 = Check(parsed.GetValue(n), "--params"), tokens = Check(parsed.GetValue(d), "--tokens");
            LossPrediction p = predictor.Predict(params0, tokens);
            Console.WriteLine($"loss  {F(p.Loss)} nats per token   95 % of the law {F(p.LawBand.Low)} … {F(p.LawBand.High)}"
                + (double.IsNaN(p.RunBand.Low) ? "" : $"   95 % of runs {F(p.RunBand.Low)} … {F(p.RunBand.High)}"));
            WriteBeyond(p, predictor);
            Console.WriteLine($"law: {predictor.Source}");
            if (parsed.GetValue(json) is { } to)
                Write(to, new JsonObject
                {
                    ["params"] = params0,
                    ["tokens"] = tokens,
                    ["loss"] = p.Loss,
                    ["loss_ci95"] = Pair(p.LawBand),
                    ["run_ci95"] = Pair(p.RunBand),
                    ["times_beyond_data"] = Num(p.TimesBeyond),
                    ["measured_coverage_of_90_percent_band"] = Num(predictor.MeasuredCoverage),
                    ["law"] = predictor.Source,
                });
            return 0;
        });
        return command;
    }

    private static Command Optimal()
    {
        var compute = Number("--compute", "Training budget, FLOP.", "FLOP");
        var (fit, json) = (Fit("chinchilla"), Json());
        var command = new Command("compute-optimal", "The N and D that reach the least loss for a compute budget.") { compute, fit, json };
        command.SetAction(parsed =>
        {
            var predictor = Law(parsed, fit);
            var o = predictor.Optimal(parsed.GetValue(compute));
            Console.WriteLine($"N     {G(o.N)} parameters   95 % {G(o.NBand.Low)} … {G(o.NBand.High)}");
            Console.WriteLine($"D     {G(o.D)} tokens   95 % {G(o.DBand.Low)} … {G(o.DBand.High)}");
            Console.WriteLine($"D/N   {G(o.D / o.N)}");
            Console.WriteLine($"loss  {F(o.Loss)} nats per token   95 % {F(o.LossBand.Low)} … {F(o.LossBand.High)}");
            WriteBeyond(predictor.Predict(o.N, o.D), predictor);
            Console.WriteLine($"law: {predictor.Source}");
            if (parsed.GetValue(json) is { } to) Write(to, Point(parsed.GetValue(compute), predictor));
            return 0;
        });
        return command;
    }

    private static Command Frontier()
    {
        var (from, upTo) = (Number("--from", "Least budget, FLOP.", "FLOP"), Number("--to", "Largest budget, FLOP.", "FLOP"));
        var (fit, json) = (Fit("chinchilla"), Json());
        var command = new Command("frontier", "Compute-optimal N, D and loss over a range of budgets.") { from, upTo, fit, json };
        command.SetAction(parsed =>
        {
            var predictor = Law(parsed, fit);
            double low = Check(parsed.GetValue(from), "--from"), high = Check(parsed.GetValue(upTo), "--to");
            if (high < low) throw new InvalidInputException("--to must not be below --from.");
            int steps = Math.Max(1, (int)Math.Round(2 * Math.Log10(high / low)));
            Console.WriteLine($"{"compute",10} {"N",11} {"D",11} {"D/N",8} {"loss",8}   95 %");
            var rows = new JsonArray();
            for (int i = 0; i <= steps; i++)
            {
                double c = low * Math.Pow(high / low, (double)i / steps);
                var o = predictor.Optimal(c);
                Console.WriteLine(
                    $"{G(c),10} {G(o.N),11} {G(o.D),11} {G(o.D / o.N),8} {F(o.Loss),8}   {F(o.LossBand.Low)} … {F(o.LossBand.High)}");
                rows.Add(Point(c, predictor));
                if (high == low) break;
            }
            Console.WriteLine($"law: {predictor.Source}");
            if (parsed.GetValue(json) is { } to) Write(to, new JsonObject { ["frontier"] = rows, ["law"] = predictor.Source });
            return 0;
        });
        return command;
    }

    private static Command Formula()
    {
        var fit = new Option<string>("--fit")
        {
            Description = "A file that `autopeft fit formula --json` or `fit law --json` wrote.",
            Required = true,
            HelpName = "FILE",
        };
        var at = new Option<string[]>("--at")
        {
            Description = "Values of the formula's columns, such as N=7B D=1.4T.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
            HelpName = "COLUMN=VALUE",
        };
        var json = Json();
        var command = new Command("formula",
            "What a fitted formula predicts, with the interval of the formula and the band of new rows.") { fit, at, json };
        command.SetAction(parsed =>
        {
            var values = new Dictionary<string, double>();
            foreach (string text in parsed.GetRequiredValue(at))
                values[text.Split('=')[0]] =
                    text.Split('=', 2) is [_, var v] && NumberCell.TryParse(v, out double x) && double.IsFinite(x) ? x
                    : throw new InvalidInputException($"--at {text}: COLUMN=VALUE is expected.");
            FormulaPredictor predictor = FormulaPredictor.Load(parsed.GetRequiredValue(fit));
            FormulaPrediction p = predictor.Predict(values);
            Console.WriteLine($"{predictor.Target}  {p.Value.ToString("G6", CultureInfo.InvariantCulture)}   95 % of the formula "
                + $"{G(p.Band.Low)} … {G(p.Band.High)}   95 % of rows {G(p.RowBand.Low)} … {G(p.RowBand.High)}");
            foreach (string warning in p.Warnings) Console.WriteLine("! " + warning);
            if (parsed.GetValue(json) is { } to)
                Write(to,
                    new JsonObject
                    {
                        [predictor.Target] = p.Value,
                        ["ci95"] = Pair(p.Band),
                        ["row_ci95"] = Pair(p.RowBand),
                        ["warnings"] = new JsonArray([.. p.Warnings.Select(w => (JsonNode?)w)]),
                    });
            return 0;
        });
        return command;
    }

    internal static LossLawPredictor Law(ParseResult parsed, Option<string?> fit) =>
        parsed.GetValue(fit) is { } file ? LossLawPredictor.Load(file) : LossLawPredictor.Published;

    private static JsonObject Point(double compute, LossLawPredictor predictor)
    {
        var o = predictor.Optimal(compute);
        return new JsonObject
        {
            ["compute"] = compute,
            ["N"] = o.N,
            ["N_ci95"] = Pair(o.NBand),
            ["D"] = o.D,
            ["D_ci95"] = Pair(o.DBand),
            ["loss"] = o.Loss,
            ["loss_ci95"] = Pair(o.LossBand),
            ["law"] = predictor.Source,
        };
    }

    internal static double Check(double v, string option) =>
        v >= 1e3 && double.IsFinite(v)
            ? v
            : throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture,
                $"{option} {v:G4} cannot be; it counts single parameters, tokens or FLOP (7e9 for 7 billion)."));

    internal static JsonValue? Num(double v) => double.IsFinite(v) ? JsonValue.Create(v) : null;

    private static JsonArray Pair(Interval i) => [Num(i.Low), Num(i.High)];

    internal static void Write(string path, JsonObject json) => WholeFile.Write(path, json.ToJsonString(s_indented));

    internal static string G(double v) => v.ToString("G4", CultureInfo.InvariantCulture);
    private static string F(double v) => v.ToString("0.0000", CultureInfo.InvariantCulture);
    internal static string T(double v) => v.ToString("#,##0", CultureInfo.InvariantCulture);
}
