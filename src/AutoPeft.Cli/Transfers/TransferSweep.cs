using System.Globalization;
using AutoPeft.Parametrization;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Rules = AutoPeft.Parametrization.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>
/// Trains the decoder over parametrisations, widths, learning rates and seeds, as a study that can be interrupted and resumed.
/// </summary>
internal sealed class TransferSweep
{
    private const string Loss = "loss", Diverged = "diverged";

    // The study's values are finite; readers see what was measured beside.
    private const double LossOfDiverged = 1e6;

    private readonly TransferSweepOptions _options;
    private readonly Dictionary<string, Rules> _rules;
    private readonly int[] _text;

    public TransferSweep(TransferSweepOptions options, int[] text)
    {
        (_options, _text) = (options.Checked(), text);
        var decoder = new GrowingDecoder(options.Widths.Min(), options.Layers);
        _rules = options.Parametrizations.ToDictionary(name => name, decoder.Parametrization);
    }

    /// <summary>Trainings in all.</summary>
    public int Count => _options.Parametrizations.Count * _options.Widths.Count * _options.Rates.Count * _options.Seeds;

    /// <summary>The study's space: every training is one point of a grid.</summary>
    private SearchSpace Space => new SearchSpaceBuilder()
        .Categorical("parametrization", _options.Parametrizations)
        .Ordinal("width", _options.Widths.Order().Select(w => (double)w))
        .Ordinal("learning_rate", _options.Rates)
        .Ordinal("seed", Enumerable.Range(0, _options.Seeds).Select(s => (double)s))
        // What all trainings share belongs to the study: a journal of other trainings is refused.
        .Categorical("training", [Training])
        .Build("transfer");

    private string Training => string.Create(CultureInfo.InvariantCulture,
        $"{_options.Steps} steps of {_options.Batch} × {_options.Length} bytes, "
        + $"{_options.Layers} layers, weight decay {_options.WeightDecay:R}, base width {_options.Widths.Min()}, text of "
            + $"{_text.Length:N0} bytes");

    /// <summary>Runs what the journal has not yet, small widths first.</summary>
    /// <returns>The runs.</returns>
    public async Task<IReadOnlyList<TransferRun>> RunAsync(string journal, ISweepObserver observer, CancellationToken cancellationToken)
    {
        SearchSpace space = Space;
        SweepResult<Configuration> result = await Sweep.Over(space).Minimize(Loss)
            .Named("transfer of the learning rate").Trials(Count).Workers(_options.Workers)
                .Sampler(new GridSampler(Math.Max(2, _options.Rates.Count)))
            .Enqueue(Points(space)).Journal(journal).Observe(observer)
            .RunAsync((point, trial, cancel) => Task.FromResult(Train(point, trial, cancel)), cancellationToken).ConfigureAwait(false);
        return [.. result.Study.Trials.Where(t => t.State == TrialState.Completed).Select(Read)];
    }

    private IEnumerable<Configuration> Points(SearchSpace space)
    {
        foreach (int width in _options.Widths.Order())
            foreach (double rate in _options.Rates)
                foreach (string name in _options.Parametrizations)
                    for (int seed = 0; seed < _options.Seeds; seed++)
                        yield return space.FromValues(new Dictionary<string, object?>
                        {
                            ["parametrization"] = name,
                            ["width"] = (double)width,
                            ["learning_rate"] = rate,
                            ["seed"] = (double)seed,
                            ["training"] = Training,
                        });
    }

    private double[] Train(Configuration point, SweepTrial trial, CancellationToken cancellationToken)
    {
        int width = (int)point.GetDouble("width"), seed = (int)point.GetDouble("seed");
        Rules rules = _rules[point.GetString("parametrization")];
        using DecoderModel model = GrowingDecoder.Create(width, _options.Layers, _options.Length, (ulong)seed);
        rules.Apply(model);
        ParametrizationPlan plan = rules.PlanFor(model);
        LanguageModelingResult result = CausalLanguageModeling.Train(model, _text, new LanguageModelingOptions
        {
            Steps = _options.Steps,
            BatchSize = _options.Batch,
            SequenceLength = _options.Length,
            LearningRate = point.GetDouble("learning_rate"),
            Warmup = 0.1,
            Schedule = ScheduleKind.Linear,
            WeightDecay = _options.WeightDecay,
            // Adam does not mind the size of gradients, and a norm over tensors of different scales would mix them.
            MaxGradientNorm = double.PositiveInfinity,
            Epsilon = 1e-12,
            HeldOutTokens = 16_384,
            Seed = (ulong)seed,
        }, name => new UpdateFactors(plan[name].LearningRate, plan[name].WeightDecay, plan[name].Epsilon),
            cancellationToken: cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        // A loss above that of a uniform guess has not learned anything: it went astray without reaching infinity.
        double loss = result.Diverged ? double.PositiveInfinity : result.HeldOutLoss ?? result.TrainLoss;
        bool diverged = !double.IsFinite(loss) || loss > Math.Log(GrowingDecoder.Vocabulary);
        trial.Measure(Diverged, diverged ? 1 : 0);
        return [double.IsFinite(loss) ? loss : LossOfDiverged];
    }

    private static TransferRun Read(Trial trial)
    {
        Configuration point = trial.Configuration;
        string name = point.GetString("parametrization") switch { "mup" => "muP", "sp" => "standard", var other => other };
        return new TransferRun(name, point.GetDouble("width"), point.GetDouble("learning_rate"), (int)point.GetDouble("seed"),
            trial.Metrics.GetValueOrDefault(Diverged) > 0 ? double.PositiveInfinity : trial.Values[0]);
    }
}
