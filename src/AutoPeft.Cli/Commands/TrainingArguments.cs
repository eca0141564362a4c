using System.CommandLine;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Commands;

/// <summary>The options that say how a model is fine-tuned, shared by `sweep` and `train`.</summary>
internal sealed class TrainingArguments
{
    private readonly Option<double?> _learningRate = new("--learning-rate") { Description = "Peak learning rate, whatever is trained." };
    private readonly Option<double?> _adapterRate =
        new("--adapter-learning-rate") { Description = "Peak learning rate of adapters, prefixes, LoRA and biases." };
    private readonly Option<double?> _fullRate = new("--full-learning-rate") { Description = "Peak learning rate of full fine-tuning." };
    private readonly Option<double?> _headRate = new("--head-learning-rate") { Description = "Peak learning rate of the head alone." };
    private readonly Option<int?> _batch = new("--batch-size") { Description = "Examples that one update sees." };
    private readonly Option<int?> _accumulation = new("--accumulation") { Description = "Passes into which an update's batch is split." };
    private readonly Option<int?> _length = new("--max-length") { Description = "Longest input in tokens." };
    private readonly Option<int?> _epochs = new("--epochs") { Description = "Passes over the training set at most." };
    private readonly Option<int?> _patience =
        new("--patience") { Description = "Evaluations without a better score after which training ends." };
    private readonly Option<int?> _every = new("--evaluate-every") { Description = "Updates between evaluations; default: an epoch." };
    private readonly Option<double?> _warmup = new("--warmup") { Description = "Share of all updates over which the learning rate rises." };
    private readonly Option<string?> _schedule = new("--schedule")
    {
        Description = "linear, cosine, constant, wsd, inverse-sqrt or power.",
    };
    private readonly Option<double?> _decay = new("--weight-decay") { Description = "AdamW's decoupled weight decay." };

    public static TrainingArguments AddTo(Command command)
    {
        var a = new TrainingArguments();
        foreach (Option o in a.All) command.Options.Add(o);
        return a;
    }

    private Option[] All =>
        [_learningRate, _adapterRate, _fullRate, _headRate, _batch, _accumulation, _length, _epochs, _patience, _every, _warmup, _schedule,
            _decay];

    /// <summary>The first that was typed, or null.</summary>
    public string? Typed(ParseResult parsed) => All.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false })?.Name;

    /// <summary><paramref name="start"/> with what was typed.</summary>
    public TrainingOptions Read(ParseResult parsed, TrainingOptions? start = null)
    {
        TrainingOptions d = start ?? new TrainingOptions();
        return (d with
        {
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
