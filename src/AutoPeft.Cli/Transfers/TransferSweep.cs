using System.Globalization;
using AutoPeft.Cli.Decoders;
using AutoPeft.Parametrization;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using TorchSharp;
using Rules = AutoPeft.Parametrization.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>
/// Trains the decoder over parametrisations, sizes, learning rates and seeds, as a study that can be interrupted and resumed.
/// </summary>
internal sealed class TransferSweep
{
    // Those of the language models that the training's other defaults are from.
    private const double Beta1 = 0.9, Beta2 = 0.95;

    private readonly TransferSweepOptions _options;
    private readonly Dictionary<(string Name, int Size), Rules> _rules;
    private readonly int[] _text;

    /// <exception cref="InvalidInputException">Something cannot be trained; nothing was trained yet.</exception>
    public TransferSweep(TransferSweepOptions options, int[] text)
    {
        (_options, _text) = (options.Checked(), text);
        RequireText();
        TransferShape smallest = _options.At(_options.Base);
        var decoder = new GrowingDecoder(smallest.Width, smallest.Layers);
        _rules = _options.Parametrizations.SelectMany(name => _options.Sizes.Select(size => (name, size)))
            .ToDictionary(of => of, of => decoder.Parametrization(of.name, Growth(of.size)));
        foreach (var ((name, size), rules) in _rules)
        {
            // What rules have to say against a training they say before the first one.
            TransferShape shape = _options.At(size);
            using DecoderModel model = GrowingDecoder.Create(shape.Width, shape.Layers, _options.Length, 0);
            ParametrizationPlan plan = rules.PlanFor(model);
            _ = (plan.Beta(Beta1), plan.Beta(Beta2));
        }
    }

    /// <summary>What is swept, with what was left out filled in.</summary>
    public TransferSweepOptions Options => _options;

    /// <summary>Trainings in all.</summary>
    public int Count => _options.Parametrizations.Count * _options.Sizes.Count * _options.Rates.Count * _options.Seeds;

    private string Training
    {
        get
        {
            TransferShape smallest = _options.At(_options.Base);
            return string.Create(CultureInfo.InvariantCulture,
                $"size is {_options.Axis}; the smallest: {smallest.Steps} steps of {smallest.Batch} × {_options.Length} bytes, width "
                + $"{smallest.Width}, {smallest.Layers} layers; weight decay {_options.WeightDecay:R}, text of {_text.Length:N0} bytes");
        }
    }

    /// <summary>Runs what the journal has not yet, small sizes first.</summary>
    /// <returns>The runs.</returns>
    public async Task<IReadOnlyList<TransferRun>> RunAsync(string folder, ISweepObserver observer, CancellationToken cancellationToken)
    {
        var forecast = new TransferForecast(observer, Path.Combine(folder, "foretold.json"), _options.Sizes[^1], Read,
            Count / _options.Sizes.Count * (_options.Sizes.Count - 1));
        TransferSweepOptions of = _options;
        SearchSpace space = MupTransfer.For(of.Parametrizations, of.Sizes, of.Rates, of.Seeds, Training);
        SweepResult<Configuration> result = await Sweep.Over(space).Minimize(DecoderLoss.Name)
            .Named("transfer of the learning rate").Trials(Count).Workers(_options.Workers)
            .Sampler(new GridSampler(Math.Max(2, _options.Rates.Count)))
            .Enqueue(MupTransfer.Points(space, of.Parametrizations, of.Sizes, of.Rates, of.Seeds, Training))
            .Journal(Path.Combine(folder, "study.journal")).Observe(forecast)
            .RunAsync((point, trial, cancel) => Task.FromResult(Train(point, trial, cancel)), cancellationToken).ConfigureAwait(false);
        return [.. result.Study.Trials.Where(t => t.State == TrialState.Completed).Select(Read)];
    }

    /// <summary>The coordinate check of each parametrisation over the same sizes, where three or more widths or depths grow.</summary>
    public IReadOnlyDictionary<string, CoordinateReport> Checks(
        int[] text, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        if (_options.Axis > TransferAxis.Depth || _options.Sizes.Count < 3) return new Dictionary<string, CoordinateReport>();
        CoordinateAxis axis = _options.Axis == TransferAxis.Depth ? CoordinateAxis.Depth : CoordinateAxis.Width;
        return _options.Parametrizations.ToDictionary(name => _rules[(name, _options.Base)].Name, name =>
            new DecoderCheck(axis, _options.Sizes, _options.Width, _options.Layers, name)
                .Run(text, new CoordinateCheckOptions { Seeds = 2 }, progress, cancellationToken));
    }

    private void RequireText()
    {
        int batch = _options.Sizes.Max(size => _options.At(size).Batch), held = (int)Math.Round(0.1 * _text.Length);
        long needed = (long)batch * _options.Length + 1;
        if (_text.Length - held < needed || held <= _options.Length)
            throw new InvalidInputException($"the text has {_text.Length:N0} bytes, {held:N0} of them held out; one batch of {batch} × "
                + $"{_options.Length} needs {needed:N0}; take more text, a smaller --batch or a smaller --length");
    }

    private TrainingGrowth Growth(int size)
    {
        TransferShape smallest = _options.At(_options.Base), shape = _options.At(size);
        double batch = (double)shape.Batch / smallest.Batch;
        return new TrainingGrowth { Batch = batch, Tokens = batch * shape.Steps / smallest.Steps };
    }

    private double[] Train(Configuration point, SweepTrial trial, CancellationToken cancellationToken)
    {
        // Handles to a model's tensors that were given out on the way would keep the memory until they are collected.
        using var scope = torch.NewDisposeScope();
        int size = (int)point.GetDouble("size"), seed = (int)point.GetDouble("seed");
        TransferShape shape = _options.At(size);
        Rules rules = _rules[(point.GetString("parametrization"), size)];
        using DecoderModel model = GrowingDecoder.Create(shape.Width, shape.Layers, _options.Length, (ulong)seed);
        rules.Apply(model);
        ParametrizationPlan plan = rules.PlanFor(model);
        LanguageModelingResult result = CausalLanguageModeling.Train(model, _text, new LanguageModelingOptions
        {
            Steps = shape.Steps,
            BatchSize = shape.Batch,
            SequenceLength = _options.Length,
            LearningRate = point.GetDouble("learning_rate"),
            Warmup = 0.1,
            Schedule = ScheduleKind.Linear,
            WeightDecay = _options.WeightDecay,
            Beta1 = plan.Beta(Beta1),
            Beta2 = plan.Beta(Beta2),
            // Adam does not mind the size of gradients, and a norm over tensors of different scales would mix them.
            MaxGradientNorm = double.PositiveInfinity,
            Epsilon = 1e-12,
            HeldOutTokens = 16_384,
            Seed = (ulong)seed,
        }, name => new UpdateFactors(plan[name].LearningRate, plan[name].WeightDecay, plan[name].Epsilon),
            cancellationToken: cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return DecoderLoss.Values(result, trial);
    }

    private TransferRun Read(Trial trial)
    {
        Configuration point = trial.Configuration;
        int size = (int)point.GetDouble("size");
        return new TransferRun(_rules[(point.GetString("parametrization"), size)].Name, size, point.GetDouble("learning_rate"),
            (int)point.GetDouble("seed"), DecoderLoss.Of(trial) ?? double.PositiveInfinity);
    }
}
