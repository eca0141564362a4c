using System.Collections.Immutable;
using System.Globalization;
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
internal sealed class PlanProblem : ISweepProblem
{
    public const string Prefix = "plan:";

    private const string Text = "text", Runs = "runs", Length = "max_length", Vocabulary = "vocabulary";

    /// <summary>One run of the plan.</summary>
    private sealed record PlannedRun(double Params, double Tokens, double LearningRate, double BatchTokens);

    public StudyDefinition Define(SweepArguments a)
    {
        string file = a.Space[Prefix.Length..],
            text = a.Text ?? throw new InvalidInputException($"{a.Space}: --text is missing, the file to pretrain on.");
        if (a.Task is not null || a.Model is not null)
            throw new InvalidInputException($"{a.Space} pretrains from scratch: it takes no --task and no --model.");
        if (!File.Exists(text)) throw new InvalidInputException($"{text}: no such file.");
        PlannedRun[] runs = [.. Read(file).Select(Fit).Distinct()];
        SearchSpace space = SearchSpace.Build(b => b
            .Ordinal("N", Levels(runs.Select(r => r.Params))).Ordinal("D", Levels(runs.Select(r => r.Tokens)))
            .Ordinal("learning_rate", Levels(runs.Select(r => r.LearningRate)))
            .Ordinal("batch_tokens", Levels(runs.Select(r => r.BatchTokens))), "plan");
        return new StudyDefinition(space, [Objective.Minimize("loss")])
        {
            Name = $"plan-{Path.GetFileNameWithoutExtension(file)}",
            Sampler = "random",
            Seed = a.Seed,
            Budget = runs.Length,
            Settings = ImmutableSortedDictionary<string, string>.Empty
                .Add(SweepProblems.SpaceSetting, a.Space)
                .Add(Text, Path.GetFullPath(text))
                .Add(Length, Math.Min(a.Training.MaxLength, 64).ToString(CultureInfo.InvariantCulture))
                .Add(Vocabulary, "2048")
                .Add(Runs, JsonSerializer.Serialize(runs)),
        };
    }

    /// <summary>The plan's runs: all of the study, nothing is left for a sampler.</summary>
    public IEnumerable<Configuration> Enqueue(StudyDefinition definition) =>
        JsonSerializer.Deserialize<PlannedRun[]>(definition.Settings[Runs])!
            .Select(r => definition.Space.FromValues(new Dictionary<string, object?>
            {
                ["N"] = r.Params,
                ["D"] = r.Tokens,
                ["learning_rate"] = r.LearningRate,
                ["batch_tokens"] = r.BatchTokens,
            }));

    public ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) => new Runner(definition);

    private static IEnumerable<double> Levels(IEnumerable<double> values) => values.Distinct().Order();

    /// <summary>A run that this encoder can make: the nearest shape, a whole number of updates.</summary>
    private static PlannedRun Fit(PlannedRun wanted)
    {
        EncoderShape shape = EncoderShape.Nearest(wanted.Params);
        double batch = Math.Max(64, Math.Round(wanted.BatchTokens));
        return new PlannedRun(shape.NonEmbeddingParameters, Math.Max(1, Math.Round(wanted.Tokens / batch)) * batch, wanted.LearningRate,
            batch);
    }

    private static IEnumerable<PlannedRun> Read(string file)
    {
        try
        {
            using JsonDocument json = StrictJson.Parse(InputFile.ReadText(file, InputFile.MostOfSettings));
            return
            [
                .. from g in json.RootElement.GetProperty("grids").EnumerateArray()
                   from lr in Numbers(g, "lr", new PretrainingOptions { TextFile = "", OutputDirectory = "" }.LearningRate)
                   from batch in Numbers(g, "batch_tokens", 1024)
                   select new PlannedRun(g.GetProperty("N").GetDouble(), g.GetProperty("D").GetDouble(), lr, batch),
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

    private sealed class Runner(StudyDefinition definition) : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            Task.Factory.StartNew(() => Run(trial, reporter, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);

        private TrialOutcome Run(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            Configuration c = trial.Configuration;
            EncoderShape shape = EncoderShape.Nearest(c.GetDouble("N"));
            int length = int.Parse(definition.Settings[Length], CultureInfo.InvariantCulture), batch = (int)c.GetDouble("batch_tokens");
            string weights = Path.Combine(trial.WorkDirectory ?? Path.GetTempPath(), "model");
            PretrainingResult result = MaskedLanguageModeling.Run(new PretrainingOptions
            {
                TextFile = definition.Settings[Text],
                OutputDirectory = weights,
                Steps = (int)Math.Max(1, Math.Round(c.GetDouble("D") / batch)),
                HiddenSize = shape.Width,
                Layers = shape.Depth,
                Heads = shape.Heads,
                MaxLength = Math.Min(length, batch),
                BatchTokens = batch,
                LearningRate = c.GetDouble("learning_rate"),
                VocabularySize = int.Parse(definition.Settings[Vocabulary], CultureInfo.InvariantCulture),
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
