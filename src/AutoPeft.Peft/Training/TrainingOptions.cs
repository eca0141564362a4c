using AutoPeft.Peft.Optimizers;

namespace AutoPeft.Peft.Training;

/// <summary>
/// How a model is fine-tuned. The defaults are those of AutoPEFT's experiments (Zhou et al., TACL 2024) where the paper gives them.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// The most that a learning rate may be. AdamW moves every weight by about the rate at each update, and weights are below 1.
    /// </summary>
    public const double MaxLearningRate = 10;

    /// <summary>The most that weight decay may be: times a usual learning rate it forgets the weights within a few updates.</summary>
    public const double MaxWeightDecay = 1000;

    /// <summary>The most examples, tokens, epochs or steps that an option may ask for.</summary>
    public const int MaxCount = 10_000_000;

    /// <summary>
    /// Which optimiser, as a name with options: adamw, the default, d-adaptation, prodigy, dog, momo, mechanic, cocob, schedule-free, lion,
    /// muon, soap or adafactor; <c>prodigy:coefficient=0.5</c>, say.
    /// </summary>
    public string Optimizer { get; init; } = OptimizerChoice.AdamW;

    /// <summary>
    /// Peak learning rate; null takes the optimiser's own (1 where it finds the rate itself), for AdamW by method from
    /// <see cref="MethodLearningRates"/>.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>Learning rates where <see cref="LearningRate"/> is null.</summary>
    public MethodLearningRates MethodLearningRates { get; init; } = new();

    /// <summary>Examples that one update sees. Default 32, the paper's.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Passes into which an update's batch is split to save memory; gradients add up. Default 1.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>Longest input in tokens. Default 128, the paper's.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>Passes over the training set at most. Default 20, the paper's.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Evaluations without a better score after which training ends. Default 10, the paper's.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Updates between evaluations; null evaluates after each epoch.</summary>
    public int? EvaluateEverySteps { get; init; }

    /// <summary>Share of all updates over which the learning rate rises. Default 0.1, as in BERT's fine-tuning.</summary>
    public double Warmup { get; init; } = 0.1;

    /// <summary>What the learning rate does after warm-up. Default linear.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    /// <summary>
    /// Decoupled weight decay (Loshchilov and Hutter, ICLR 2019) of matrices; biases and LayerNorms have none. Default 0.01, BERT's.
    /// </summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>AdamW's decay rate of the mean gradient. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay rate of the mean squared gradient. Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Keeps AdamW's quotient finite. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// Longest gradient over all trained tensors together; longer ones are scaled down. Default 1, as in BERT; infinity switches it off.
    /// </summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Whether inputs of similar length share a batch, which saves padding. Default true.</summary>
    public bool GroupByLength { get; init; } = true;

    /// <summary>Whether every batch is padded to <see cref="MaxLength"/>, for a device that likes constant shapes. Default false.</summary>
    public bool FixedLength { get; init; }

    /// <summary>
    /// Whether matrix products and attention run in bfloat16, as autocast has it, for GPUs with units for bfloat16 (NVIDIA since Ampere).
    /// Parameters, LayerNorms, loss and optimiser stay in float32. Scores differ a little from those of float32. Default false.
    /// </summary>
    public bool BFloat16 { get; init; }

    /// <summary>
    /// Examples in a batch of evaluation, where no gradients need memory. Default 128: as quick as more on a CPU, in half the memory.
    /// </summary>
    public int EvaluationBatchSize { get; init; } = 128;

    /// <summary>Whether the weights of the best evaluation are put back at the end. Default true.</summary>
    public bool RestoreBest { get; init; } = true;

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidInputException">One line that names the option.</exception>
    public TrainingOptions Checked()
    {
        OptimizerChoice.Parse(Optimizer);
        Rate("learning rate", LearningRate ?? MaxLearningRate);
        Rate("learning rate of adapters", MethodLearningRates.Adapters ?? MaxLearningRate);
        Rate("learning rate of full fine-tuning", MethodLearningRates.Full ?? MaxLearningRate);
        Rate("learning rate of the head", MethodLearningRates.HeadOnly ?? MaxLearningRate);
        Count("batch size", BatchSize);
        Require(AccumulationSteps > 0 && AccumulationSteps <= BatchSize, "accumulation steps", AccumulationSteps,
            "between 1 and the batch size");
        Require(MaxLength is >= 3 and <= MaxCount, "maximum length", MaxLength, $"at least 3, for [CLS] and [SEP], and at most {MaxCount}");
        Count("epochs", Epochs);
        Count("patience", Patience);
        Count("steps between evaluations", EvaluateEverySteps ?? 1);
        Require(Warmup is >= 0 and <= 1, "warm-up", Warmup, "a share between 0 and 1");
        Require(WeightDecay is >= 0 and <= MaxWeightDecay, "weight decay", WeightDecay, $"between 0 and {MaxWeightDecay}");
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
        Require(Epsilon is > 0 and <= 1, "epsilon", Epsilon, "above 0 and at most 1");
        Require(MaxGradientNorm > 0, "maximum gradient norm", MaxGradientNorm, "above 0");
        Count("evaluation batch size", EvaluationBatchSize);
        return this;
    }

    private static void Rate(string what, double value) =>
        Require(value is > 0 and <= MaxLearningRate, what, value, $"above 0 and at most {MaxLearningRate}");

    private static void Count(string what, int value) => Require(value is > 0 and <= MaxCount, what, value, $"between 1 and {MaxCount}");

    /// <summary>The optimiser's part.</summary>
    internal UpdateOptions Updates => new()
    {
        Beta1 = Beta1,
        Beta2 = Beta2,
        Epsilon = Epsilon,
        WeightDecay = WeightDecay,
        MaxGradientNorm = MaxGradientNorm,
    };

    private static void Require(bool holds, string what, object? value, string wanted)
    {
        if (!holds)
            throw new InvalidInputException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"training option {what} is {value}; it must be {wanted}"));
    }
}
