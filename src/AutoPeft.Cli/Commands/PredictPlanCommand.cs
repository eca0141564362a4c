using System.CommandLine;
using System.Text.Json.Nodes;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Planning;
using AutoPeft.Scaling.Prediction;
using static AutoPeft.Cli.Commands.PredictCommand;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft predict plan</c>: the small runs that would tighten a law most for a compute budget.</summary>
internal sealed class PredictPlanCommand
{
    /// <summary>Standard deviation of a run's log loss about the law where no fit has measured it, in ln nats.</summary>
    private const double LogLossSd = 0.005;

    /// <summary>Standard deviation of a grid's ln lr optimum about the law: half a step of √2 … 2, the planner's default.</summary>
    private const double LogRateSd = 0.3;

    private readonly Option<double> _compute = Number("--compute", "Budget for all runs, FLOP.", "FLOP");

    private readonly Option<string> _law = new("--law")
    {
        Description = "Which law to tighten: step-law or chinchilla.",
        DefaultValueFactory = _ => "step-law",
        HelpName = "step-law|chinchilla",
    };

    private readonly Option<string?> _tighten = new("--tighten")
    {
        Description = "One coefficient to tighten (step-law: N, D; chinchilla: alpha, beta). Default: all jointly.",
        HelpName = "NAME",
    };

    // Factors of 2: small models, as a plan is of runs that cost little beside the one that they foretell.
    private readonly Option<double[]> _sizes = new("--params")
    {
        Description = "Candidate model sizes.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [2e7, 4e7, 8e7, 1.6e8, 3.2e8],
        HelpName = "N",
    };

    // Factors of 2.5: from 20 tokens a parameter of the smallest of these models to about 50 of the largest.
    private readonly Option<double[]> _tokens = new("--tokens")
    {
        Description = "Candidate token counts.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [4e8, 1e9, 2.5e9, 6e9, 1.5e10],
        HelpName = "D",
    };

    private readonly Option<int> _learningRates = new("--learning-rates")
    {
        Description = "Learning rates a grid (step-law).",
        DefaultValueFactory = _ => 5,
        HelpName = "COUNT",
    };

    private readonly Option<int> _batchSizes = new("--batch-sizes")
    {
        Description = "Batch sizes a grid (step-law).",
        DefaultValueFactory = _ => 3,
        HelpName = "COUNT",
    };

    private readonly Option<string[]> _target = new("--for")
    {
        Description = "The prediction to tighten: N D, such as --for 7B 1.4T. Needs --law chinchilla; runs in --fit count as made.",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "N D",
    };

    private readonly Option<string?> _fit = Fit("…"), _json = Json();

    private PredictPlanCommand() { }

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("plan", "The small runs that would tighten a law most for a compute budget (optimal design).");
        PredictPlanCommand plan = AddTo(command);
        command.SetAction(parsed => plan.Run(parsed));
        return command;
    }

    private static PredictPlanCommand AddTo(Command command)
    {
        var plan = new PredictPlanCommand();
        Option[] all =
        [
            plan._compute, plan._law, plan._tighten, plan._sizes, plan._tokens, plan._learningRates, plan._batchSizes, plan._target,
            plan._fit, plan._json,
        ];
        foreach (Option option in all) command.Options.Add(option);
        return plan;
    }

    private int Run(ParseResult parsed)
    {
        bool loss = IsLossLaw(parsed);
        SweepPlannerOptions options = Read(parsed, loss);
        SweepPlan plan = loss ? ForLossLaw(parsed, options) : ForLearningRate(parsed, options);
        WriteRuns(plan, loss);
        if (parsed.GetValue(_json) is { } to) Write(to, ToJson(plan));
        return 0;
    }

    private bool IsLossLaw(ParseResult parsed) => parsed.GetRequiredValue(_law) switch
    {
        "step-law" => false,
        "chinchilla" => true,
        var other => throw new InvalidInputException($"--law {other}: step-law or chinchilla is expected."),
    };

    /// <summary>What was typed, each value held against its own range.</summary>
    private SweepPlannerOptions Read(ParseResult parsed, bool loss)
    {
        if (parsed.GetValue(_learningRates) < 1 || parsed.GetValue(_batchSizes) < 1)
            throw new InvalidInputException("a grid needs at least one learning rate and one batch size.");
        var options = new SweepPlannerOptions
        {
            Budget = parsed.GetValue(_compute),
            Params = [.. parsed.GetRequiredValue(_sizes).Select(v => Check(v, "--params"))],
            Tokens = [.. parsed.GetRequiredValue(_tokens).Select(v => Check(v, "--tokens"))],
            Criterion = parsed.GetValue(_tighten) is null ? DesignCriterion.DOptimal : DesignCriterion.COptimal,
            Coefficient = parsed.GetValue(_tighten),
            LearningRatesPerGrid = parsed.GetValue(_learningRates),
            BatchSizesPerGrid = parsed.GetValue(_batchSizes),
            ObservationSd = loss ? LogLossSd : LogRateSd,
        };
        if (Target(parsed.GetValue(_target)) is not { } aim) return options;
        return loss
            ? options with { Criterion = DesignCriterion.COptimal, Target = aim }
            : throw new InvalidInputException("--for needs --law chinchilla.");
    }

    private static (double, double)? Target(string[]? texts) => texts switch
    {
        null or [] => null,
        [var n, var d] when NumberCell.TryParse(n, out double size) && NumberCell.TryParse(d, out double tokens) =>
            (Check(size, "--for"), Check(tokens, "--for")),
        _ => throw new InvalidInputException("--for: N and D are expected, such as --for 7B 1.4T."),
    };

    private SweepPlan ForLossLaw(ParseResult parsed, SweepPlannerOptions options)
    {
        LossLawPredictor known = Law(parsed, _fit);
        // Runs already made count, with the noise that they show and the FLOP that they cost.
        if (known.Runs is { } runs)
            options = options with
            {
                Existing = [.. runs.N.Select((v, i) => (v, runs.D[i]))],
                ObservationSd = double.IsFinite(known.NoiseSd) && known.NoiseSd > 0 ? known.NoiseSd : options.ObservationSd,
                FlopPerParameterToken = known.FlopPerParameterToken,
            };
        SweepPlan plan = SweepPlanner.ForLossLaw(options, known.Law);
        if (options.Target is not null)
            Console.WriteLine($"standard deviation of the predicted ln loss: {G(plan.TargetSdBefore)} now, {G(plan.TargetSdAfter)} "
                + $"with the plan's runs");
        return plan;
    }

    private SweepPlan ForLearningRate(ParseResult parsed, SweepPlannerOptions options)
    {
        StepLawPredictor prior = parsed.GetValue(_fit) is { } file ? StepLawPredictor.Load(file) : StepLawPredictor.Published;
        return SweepPlanner.ForLearningRate(options,
            (n, d) => prior.Predict(n, d) is var p ? (p.LearningRate, p.BatchTokens) : default);
    }

    private static void WriteRuns(SweepPlan plan, bool loss)
    {
        foreach (PlannedGrid g in plan.Grids)
            Console.WriteLine($"N {G(g.Params),-9} D {G(g.Tokens),-9} {G(g.Compute),-9} FLOP"
                + (loss
                    ? ""
                    : $"   lr {string.Join(' ', g.LearningRates.Select(G))}   batch {string.Join(' ', g.BatchTokens.Select(T))}"));
        Console.WriteLine($"{plan.Grids.Count} {(loss ? "runs" : "grids")}, {G(plan.Compute)} FLOP; expected standard deviations: "
            + $"{string.Join(", ", plan.Coefficients.Zip(plan.SdAfter, (c, sd) => $"{c} {G(sd)}"))}");
    }

    private static JsonObject ToJson(SweepPlan plan) => new()
    {
        ["compute"] = plan.Compute,
        ["sd"] = new JsonObject([.. plan.Coefficients.Zip(plan.SdAfter, (c, sd) => KeyValuePair.Create(c, (JsonNode?)Num(sd)))]),
        ["grids"] = new JsonArray([.. plan.Grids.Select(g => (JsonNode?)new JsonObject
        {
            ["N"] = g.Params,
            ["D"] = g.Tokens,
            ["compute"] = g.Compute,
            ["lr"] = new JsonArray([.. g.LearningRates.Select(v => (JsonNode?)v)]),
            ["batch_tokens"] = new JsonArray([.. g.BatchTokens.Select(v => (JsonNode?)v)]),
        })]),
    };
}
