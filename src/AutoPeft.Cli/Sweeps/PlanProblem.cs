using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// <c>plan:FILE</c>: the small pretraining runs that <c>predict plan --json FILE</c> chose, each run by masked language modelling on a
/// text. What it leaves is a table of runs that <c>fit step-law --data DIR</c> and <c>fit chinchilla --data DIR</c> read.
/// </summary>
internal sealed record PlanProblem : SweepProblem
{
    public const string Prefix = "plan:";

    /// <summary>Words that a vocabulary of these runs has, and the most tokens of a sequence.</summary>
    private const int Words = 2048, LongestSequence = 64;

    /// <summary>One run of the plan.</summary>
    /// <param name="Params">Parameters, embeddings not counted.</param>
    /// <param name="Tokens">Tokens of the whole training.</param>
    /// <param name="LearningRate">Peak learning rate.</param>
    /// <param name="BatchTokens">Tokens of an update.</param>
    public sealed record Run(double Params, double Tokens, double LearningRate, double BatchTokens);

    /// <summary>Name of the plan.</summary>
    public required string Plan { get; init; }

    /// <summary>The file that is pretrained on.</summary>
    public required string Text { get; init; }

    /// <summary>Most tokens of a sequence.</summary>
    public required int MaxLength { get; init; }

    /// <summary>Words of the vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>The plan's runs: all of the study, nothing is left for a sampler.</summary>
    public required ImmutableArray<Run> Runs { get; init; }

    /// <exception cref="InvalidInputException">The plan or the text is not there, or an option does not go with a plan.</exception>
    public static new PlanProblem From(SweepArguments a)
    {
        string file = a.Space[Prefix.Length..],
            text = a.Text ?? throw new InvalidInputException($"{a.Space}: --text is missing, the file to pretrain on.");
        if (a.Task is not null || a.Model is not null)
            throw new InvalidInputException($"{a.Space} pretrains from scratch: it takes no --task and no --model.");
        if (!File.Exists(text)) throw new InvalidInputException($"{text}: no such file.");
        return new PlanProblem
        {
            Plan = Path.GetFileNameWithoutExtension(file),
            Text = Path.GetFullPath(text),
            MaxLength = Math.Min(a.Training.MaxLength, LongestSequence),
            Vocabulary = Words,
            Runs = [.. Read(file).Select(Fit).Distinct()],
        };
    }

    public override StudyDefinition Define(SweepArguments a) =>
        base.Define(a with { Sampler = "random", Trials = Runs.Length });

    public override IEnumerable<Configuration> Enqueue(StudyDefinition definition) =>
        Runs.Select(r => definition.Space.FromValues(new Dictionary<string, object?>
        {
            ["N"] = r.Params,
            ["D"] = r.Tokens,
            ["learning_rate"] = r.LearningRate,
            ["batch_tokens"] = r.BatchTokens,
        }));

    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) => new Runner(this);

    protected override StudyDefinition Declare(SweepArguments a) =>
        new(SearchSpace.Build(b => b
            .Ordinal("N", Levels(Runs.Select(r => r.Params))).Ordinal("D", Levels(Runs.Select(r => r.Tokens)))
            .Ordinal("learning_rate", Levels(Runs.Select(r => r.LearningRate)))
            .Ordinal("batch_tokens", Levels(Runs.Select(r => r.BatchTokens))), "plan"), [Objective.Minimize("loss")])
        {
            Name = $"plan-{Plan}",
        };

    private static IEnumerable<double> Levels(IEnumerable<double> values) => values.Distinct().Order();

    /// <summary>A run that this encoder can make: the nearest shape, a whole number of updates.</summary>
    private static Run Fit(Run wanted)
    {
        EncoderShape shape = EncoderShape.Nearest(wanted.Params);
        double batch = Math.Max(64, Math.Round(wanted.BatchTokens));
        return new Run(shape.NonEmbeddingParameters, Math.Max(1, Math.Round(wanted.Tokens / batch)) * batch, wanted.LearningRate,
            batch);
    }

    private static IEnumerable<Run> Read(string file)
    {
        try
        {
            using JsonDocument json = StrictJson.Parse(InputFile.ReadText(file, InputFile.MostOfSettings));
            return
            [
                .. from g in json.RootElement.GetProperty("grids").EnumerateArray()
                   from lr in Numbers(g, "lr", new PretrainingOptions { TextFile = "", OutputDirectory = "" }.LearningRate)
                   from batch in Numbers(g, "batch_tokens", 1024)
                   select new Run(g.GetProperty("N").GetDouble(), g.GetProperty("D").GetDouble(), lr, batch),
            ];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(
                $"{file} is no plan as `autopeft predict plan --json FILE` writes it: {e.Message.Split('.')[0]}.", e);
        }
    }

    private static IEnumerable<double> Numbers(JsonElement grid, string name, double otherwise) =>
        grid.TryGetProperty(name, out JsonElement a) && a.GetArrayLength() > 0
            ? [.. a.EnumerateArray().Select(v => v.GetDouble())]
            : [otherwise];

    private sealed class Runner(PlanProblem problem) : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            Task.Factory.StartNew(() => Train(trial, reporter, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);

        private TrialOutcome Train(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            Configuration c = trial.Configuration;
            EncoderShape shape = EncoderShape.Nearest(c.GetDouble("N"));
            int batch = (int)c.GetDouble("batch_tokens");
            string weights = Path.Combine(trial.WorkDirectory ?? Path.GetTempPath(), "model");
            PretrainingResult result = MaskedLanguageModeling.Run(new PretrainingOptions
            {
                TextFile = problem.Text,
                OutputDirectory = weights,
                Steps = (int)Math.Max(1, Math.Round(c.GetDouble("D") / batch)),
                HiddenSize = shape.Width,
                Layers = shape.Depth,
                Heads = shape.Heads,
                MaxLength = Math.Min(problem.MaxLength, batch),
                BatchTokens = batch,
                LearningRate = c.GetDouble("learning_rate"),
                VocabularySize = problem.Vocabulary,
                Seed = trial.Seed,
                Threads = trial.Device.Threads,
                SaveWhenInterrupted = false,
            }, new Beats(reporter), cancellationToken);
            // A plan's runs are many and their weights are nobody's base: the loss is what they were for.
            if (Directory.Exists(weights)) Directory.Delete(weights, recursive: true);
            return new TrialOutcome([result.Loss], [],
                ImmutableSortedDictionary<string, double>.Empty.Add("tokens", result.Tokens).Add("train_seconds", result.Seconds));
        }
    }

    private sealed class Beats(ITrialReporter reporter) : IProgress<PretrainingProgress>
    {
        public void Report(PretrainingProgress value) => reporter.Heartbeat();
    }
}
