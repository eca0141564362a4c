using System.Globalization;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>
/// How a decoder is trained on text. The defaults are those usual for small language models; learning rate, batch and length want to be
/// chosen.
/// </summary>
public sealed record LanguageModelingOptions
{
    /// <summary>Updates that the training makes. Default 1,000.</summary>
    public int Steps { get; init; } = 1_000;

    /// <summary>Sequences that one update sees. Default 16.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Passes into which an update's batch is split to save memory; it must divide the batch. Default 1.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>Tokens in a sequence; null: the model's longest.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>
    /// Which optimiser, as a name with options: adamw, the default, d-adaptation, prodigy, dog, momo, mechanic, cocob, schedule-free, lion,
    /// muon, soap or adafactor; <c>prodigy:coefficient=0.5</c>, say. Those that find the rate themselves take a learning rate of 1.
    /// </summary>
    public string Optimizer { get; init; } = OptimizerChoice.AdamW;

    /// <summary>
    /// Peak learning rate. Null, the default: the optimiser's own, which for AdamW is 3e-3; that suits a width of about 100, and wider
    /// networks want less.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>Share of the updates over which the learning rate rises. Default 0.05.</summary>
    public double Warmup { get; init; } = 0.05;

    /// <summary>What the learning rate does after warm-up. Default cosine.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Share of the peak at which linear, cosine and warm-up-stable-decay end. Default 0.1 (Hoffmann et al., 2022).</summary>
    public double FinalShare { get; init; } = 0.1;

    /// <summary>Share of the updates over which warm-up-stable-decay falls. Default 0.2 (Hägele et al., NeurIPS 2024).</summary>
    public double DecayShare { get; init; } = 0.2;

    /// <summary>Exponent b of the power schedule, below 0. Default −0.51 (Shen et al., 2024).</summary>
    public double PowerExponent { get; init; } = -0.51;

    /// <summary>
    /// Amplitude a of the power schedule, whose rate is min(peak, batch · a · tokens read^b), the batch in sequences (Shen et al., 2024,
    /// whose a is about 4). Null, the default: such that the rate leaves the peak at the end of warm-up.
    /// </summary>
    public double? PowerAmplitude { get; init; }

    /// <summary>Weight decay of matrices. Default 0.1 (Brown et al., 2020).</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>
    /// Whether weight decay is independent of the peak learning rate: each update shrinks weights by weight decay times the schedule's
    /// share of the peak (Wortsman et al., ICLR 2024). Default false: by weight decay times learning rate, as in torch.
    /// </summary>
    public bool IndependentWeightDecay { get; init; }

    /// <summary>AdamW's decay rate of the mean gradient. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay rate of the mean squared gradient. Default 0.95 (Brown et al., 2020).</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Keeps AdamW's quotient finite. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Longest gradient over all tensors together; longer ones are scaled down. Default 1; infinity switches it off.</summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>
    /// Coefficient of the z-loss, the mean square of the logarithm of the softmax's denominator, which keeps logits from drifting
    /// (Chowdhery et al., 2022, with 1e-4). Default 0: none. Reported losses are without it.
    /// </summary>
    public double ZLoss { get; init; }

    /// <summary>
    /// Decay rate of an exponential moving average of the weights; 0, the default: none. Early on the rate is lower, (1 + step) / (10 +
    /// step), so that the start is forgotten. At the end the average is in the model.
    /// </summary>
    public double EmaDecay { get; init; }

    /// <summary>
    /// Whether the layers' matrix products and attention run in bfloat16, for GPUs with units for bfloat16 (NVIDIA since Ampere).
    /// Parameters, norms, residual stream, loss and optimiser stay in float32. Default false.
    /// </summary>
    public bool BFloat16 { get; init; }

    /// <summary>Share of the text, at its end, that is held out. Default 0.1.</summary>
    public double HeldOutShare { get; init; } = 0.1;

    /// <summary>Tokens of the held-out text that an evaluation reads at most. Default 65,536.</summary>
    public int HeldOutTokens { get; init; } = 65_536;

    /// <summary>Updates between evaluations; null: one evaluation, at the end.</summary>
    public int? EvaluateEverySteps { get; init; }

    /// <summary>Threads of one operation on the CPU, process-wide. Default 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Seed of the order of sequences and of dropout. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidInputException">One line that names the option.</exception>
    public LanguageModelingOptions Checked()
    {
        Count("steps", Steps);
        Count("batch size", BatchSize);
        Require(
            AccumulationSteps >= 1 && BatchSize % AccumulationSteps == 0, "accumulation steps", AccumulationSteps,
            $"a divisor of the batch size of {BatchSize}");
        Count("sequence length", SequenceLength ?? 1);
        OptimizerChoice.Parse(Optimizer);
        Require(
            LearningRate is null or > 0 and <= TrainingOptions.MaxLearningRate, "learning rate", LearningRate,
            $"above 0 and at most {TrainingOptions.MaxLearningRate}");
        Require(Warmup is >= 0 and <= 1, "warm-up", Warmup, "a share between 0 and 1");
        Require(FinalShare is >= 0 and <= 1, "final share", FinalShare, "a share between 0 and 1");
        Require(DecayShare is >= 0 and <= 1, "decay share", DecayShare, "a share between 0 and 1");
        Require(PowerExponent is < 0 and >= -10, "power exponent", PowerExponent, "below 0 and at least -10");
        Require(PowerAmplitude is null or > 0 and <= 1e12, "power amplitude", PowerAmplitude, "above 0 and at most 1e12");
        Require(
            WeightDecay is >= 0 and <= TrainingOptions.MaxWeightDecay, "weight decay", WeightDecay,
            $"between 0 and {TrainingOptions.MaxWeightDecay}");
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
        Require(Epsilon is > 0 and <= 1, "epsilon", Epsilon, "above 0 and at most 1");
        Require(MaxGradientNorm > 0, "maximum gradient norm", MaxGradientNorm, "above 0");
        Require(ZLoss is >= 0 and <= 1, "z-loss", ZLoss, "between 0 and 1");
        Require(EmaDecay is >= 0 and < 1, "EMA decay", EmaDecay, "in [0, 1)");
        Require(HeldOutShare is >= 0 and < 1, "held-out share", HeldOutShare, "in [0, 1)");
        Count("held-out tokens", HeldOutTokens);
        Count("steps between evaluations", EvaluateEverySteps ?? 1);
        ThreadCount.Checked(Threads, "language modelling option threads");
        return this;
    }

    /// <summary>AdamW's peak learning rate where none is stated.</summary>
    internal const double AdamWRate = 3e-3;

    /// <summary>The peak learning rate, stated or the optimiser's own.</summary>
    internal double PeakRate => LearningRate ?? OptimizerChoice.Parse(Optimizer).DefaultRate ?? AdamWRate;

    /// <summary>The optimiser's part.</summary>
    internal UpdateOptions Updates => new()
    {
        // Independent decay: rate · decay must be decay times the schedule's share of the peak.
        WeightDecay = IndependentWeightDecay ? WeightDecay / PeakRate : WeightDecay,
        Beta1 = Beta1,
        Beta2 = Beta2,
        Epsilon = Epsilon,
        MaxGradientNorm = MaxGradientNorm,
    };

    /// <summary>What the kind of schedule leaves open.</summary>
    /// <param name="sequenceLength">Tokens in a sequence.</param>
    internal ScheduleShape Shape(int sequenceLength) => new()
    {
        DecayShare = DecayShare,
        FinalShare = FinalShare,
        PowerExponent = PowerExponent,
        PowerKnee = PowerAmplitude is { } a
            ? Math.Pow(PeakRate / (BatchSize * a), 1 / PowerExponent) / ((double)BatchSize * sequenceLength)
            : null,
    };

    /// <summary>Factors whose weight decay does not follow a tensor's own learning rate, where decay is independent.</summary>
    internal Func<string, UpdateFactors>? Decoupled(Func<string, UpdateFactors>? factors) =>
        factors is null || !IndependentWeightDecay
            ? factors
            : name => factors(name) is var own && own.LearningRate > 0
                ? own with { WeightDecay = own.WeightDecay / own.LearningRate } : own;

    private static void Count(string what, int value) =>
        Require(value is > 0 and <= TrainingOptions.MaxCount, what, value, $"between 1 and {TrainingOptions.MaxCount}");

    private static void Require(bool holds, string what, object? value, string wanted)
    {
        if (!holds)
            throw new InvalidInputException(string.Create(
                CultureInfo.InvariantCulture, $"language modelling option {what} is {value}; it must be {wanted}"));
    }
}
