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
        foreach (int size in _options.Sizes)
        {
            // What rules have to say against a training they say before the first one.
            TransferShape shape = _options.At(size);
            using DecoderModel model = GrowingDecoder.Create(shape.Width, shape.Layers, _options.Length, 0);
            foreach (string name in _options.Parametrizations)
            {
                ParametrizationPlan plan = _rules[(name, size)].PlanFor(model);
                _ = (plan.Beta(Beta1), plan.Beta(Beta2));
            }
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
        var forecast = new TransferForecast(observer, Path.Combine(folder, "foretold.json"), _options.Sizes[^1], Read);
        var grid = new MupTransfer(_options.Parametrizations, _options.Sizes, _options.Rates, _options.Seeds, Training);
        SweepResult<Configuration> result = await Sweep.Over(grid.Space).Minimize(DecoderLoss.Name)
            .Named("transfer of the learning rate").Trials(Count).Workers(_options.Workers)
            .Sampler(new GridSampler(Math.Max(2, _options.Rates.Count)))
            .Enqueue(grid.Points())
            .Journal(Path.Combine(folder, "study.journal")).Observe(forecast)
            .RunAsync((point, trial, cancel) => Task.FromResult(Train(point, trial, cancel)), cancellationToken).ConfigureAwait(false);
        return [.. result.Study.Trials.Where(t => t.State == TrialState.Completed).Select(Read)];
    }

    /// <summary>The coordinate check of each parametrisation over the same sizes, where three or more widths or depths grow.</summary>
    public IReadOnlyDictionary<string, CoordinateReport> Checks(IProgress<double>? progress, CancellationToken cancellationToken)
    {
        CoordinateAxis? axis = _options.Axis switch
        {
            TransferAxis.Width => CoordinateAxis.Width,
            TransferAxis.Depth => CoordinateAxis.Depth,
            _ => null,
        };
        if (axis is not { } grows || _options.Sizes.Count < 3) return new Dictionary<string, CoordinateReport>();
        return _options.Parametrizations.ToDictionary(name => _rules[(name, _options.Base)].Name, name =>
            new DecoderCheck(grows, _options.Sizes, _options.Width, _options.Layers, name)
                .Run(_text, new CoordinateCheckOptions { Seeds = 2 }, progress, cancellationToken));
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
        var (name, size, rate, seed) = MupTransfer.Read(point);
        TransferShape shape = _options.At(size);
        using DecoderModel model = GrowingDecoder.Create(shape.Width, shape.Layers, _options.Length, (ulong)seed);
        ParametrizationPlan plan = _rules[(name, size)].Apply(model);
        LanguageModelingResult result = CausalLanguageModeling.Train(model, _text, new LanguageModelingOptions
        {
            Steps = shape.Steps,
            BatchSize = shape.Batch,
            SequenceLength = _options.Length,
            LearningRate = rate,
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
        }, tensor => new UpdateFactors(plan[tensor].LearningRate, plan[tensor].WeightDecay, plan[tensor].Epsilon),
            cancellationToken: cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return DecoderLoss.Values(result, trial);
    }

    private TransferRun Read(Trial trial)
    {
        var (name, size, rate, seed) = MupTransfer.Read(trial.Configuration);
        return new TransferRun(
            _rules[(name, size)].Name, size, rate, seed, DecoderLoss.Of(trial) ?? double.PositiveInfinity);
    }
}
