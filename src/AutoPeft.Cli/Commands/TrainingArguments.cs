using System.CommandLine;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Commands;

/// <summary>The options that say how a model is fine-tuned, shared by `sweep` and `train`.</summary>
internal sealed class TrainingArguments
{
    /// <summary>Name of the option of the longest input.</summary>
    public const string MaxLength = "--max-length";

    private static readonly TrainingOptions s_default = new();

    private readonly Option<string> _optimizer = OptimizerOption.Create();
    private readonly Option<double?> _learningRate = new("--learning-rate")
    {
        Description = "Peak learning rate, whatever is trained; default: by what is trained, or what --optimizer wants.",
    };
    private readonly Option<double?> _adapterRate =
        new("--adapter-learning-rate")
        {
            Description = "Peak learning rate of adapters, prefixes, LoRA and biases; default: 1e-4 × 768 / width.",
        };
    private readonly Option<double?> _fullRate =
        new("--full-learning-rate") { Description = "Peak learning rate of full fine-tuning; default: 2e-5 × 768 / width." };
    private readonly Option<double?> _headRate =
        new("--head-learning-rate") { Description = "Peak learning rate of the head alone; default: 1e-3 × 768 / width." };
    private readonly Option<int?> _batch =
        new("--batch-size") { Description = $"Examples that one update sees; default: {s_default.BatchSize}." };
    private readonly Option<int?> _accumulation =
        new("--accumulation") { Description = $"Passes into which an update's batch is split; default: {s_default.AccumulationSteps}." };
    private readonly Option<int?> _length =
        new(MaxLength) { Description = $"Longest input in tokens; default: {s_default.MaxLength}." };
    private readonly Option<int?> _epochs =
        new("--epochs") { Description = $"Passes over the training set at most; default: {s_default.Epochs}." };
    private readonly Option<int?> _patience =
        new("--patience") { Description = $"Evaluations without a better score after which training ends; default: {s_default.Patience}." };
    private readonly Option<int?> _every = new("--evaluate-every") { Description = "Updates between evaluations; default: an epoch." };
    private readonly Option<double?> _warmup = new("--warmup")
    {
        Description = FormattableString.Invariant($"Share of all updates over which the learning rate rises; default: {s_default.Warmup}."),
    };
    private readonly Option<string?> _schedule = new("--schedule")
    {
        Description = "linear, cosine, constant, wsd, inverse-sqrt or power; default: linear.",
    };
    private readonly Option<double?> _decay = new("--weight-decay")
    {
        Description = FormattableString.Invariant($"AdamW's decoupled weight decay; default: {s_default.WeightDecay}."),
    };

    public static TrainingArguments AddTo(Command command)
    {
        var a = new TrainingArguments();
        foreach (Option o in a.All) command.Options.Add(o);
        return a;
    }

    private Option[] All =>
        [_optimizer, _learningRate, _adapterRate, _fullRate, _headRate, _batch, _accumulation, _length, _epochs, _patience, _every, _warmup,
            _schedule, _decay];

    /// <summary>The names of those that were typed.</summary>
    public IReadOnlyList<string> Typed(ParseResult parsed) =>
        [.. All.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];

    /// <summary><paramref name="start"/> with what was typed.</summary>
    public TrainingOptions Read(ParseResult parsed, TrainingOptions? start = null)
    {
        TrainingOptions d = start ?? new TrainingOptions();
        return (d with
        {
            Optimizer = parsed.GetResult(_optimizer) is { Implicit: false } ? parsed.GetRequiredValue(_optimizer) : d.Optimizer,
            LearningRate = parsed.GetValue(_learningRate) ?? d.LearningRate,
            MethodLearningRates = new MethodLearningRates
            {
                Adapters = parsed.GetValue(_adapterRate) ?? d.MethodLearningRates.Adapters,
                Full = parsed.GetValue(_fullRate) ?? d.MethodLearningRates.Full,
                HeadOnly = parsed.GetValue(_headRate) ?? d.MethodLearningRates.HeadOnly,
            },
            BatchSize = parsed.GetValue(_batch) ?? d.BatchSize,
            AccumulationSteps = parsed.GetValue(_accumulation) ?? d.AccumulationSteps,
            MaxLength = parsed.GetValue(_length) ?? d.MaxLength,
            Epochs = parsed.GetValue(_epochs) ?? d.Epochs,
            Patience = parsed.GetValue(_patience) ?? d.Patience,
            EvaluateEverySteps = parsed.GetValue(_every) ?? d.EvaluateEverySteps,
            Warmup = parsed.GetValue(_warmup) ?? d.Warmup,
            Schedule = parsed.GetValue(_schedule) is { } s ? LearningRateSchedule.Parse(s) : d.Schedule,
            WeightDecay = parsed.GetValue(_decay) ?? d.WeightDecay,
        }).Checked();
    }
}
