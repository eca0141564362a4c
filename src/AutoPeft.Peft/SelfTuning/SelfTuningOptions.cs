using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.SelfTuning;

/// <summary>How a network is trained while it tunes its own regularisation.</summary>
internal sealed record SelfTuningOptions
{
    /// <summary>Where the regularisation starts. Default: a little of each, in the middle of what people use.</summary>
    public Regularization Start { get; init; } = new(0.1, 0.1, 0.1, 0.05, 0.05);

    /// <summary>Updates of the weights. Default 2,000.</summary>
    public int Steps { get; init; } = 2_000;

    /// <summary>Updates of the weights between two of the regularisation. Default 2, as in the paper.</summary>
    public int StepsPerTuning { get; init; } = 2;

    /// <summary>
    /// Share of the training before the regularisation first moves. Default 0.1: a best response has to be learned before it can be
    /// followed.
    /// </summary>
    public double TuningWarmup { get; init; } = 0.1;

    /// <summary>Examples of an update. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Peak learning rate of the weights. Default 1e-3, the demo's for full fine-tuning.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>
    /// Learning rate of the regularisation, on unconstrained numbers (Adam). Default 3e-2: a few hundred updates cross the range.
    /// </summary>
    public double TuningRate { get; init; } = 3e-2;

    /// <summary>
    /// Standard deviation of the perturbation of the unconstrained numbers at the start; it is tuned too. Default 1, as in the paper.
    /// </summary>
    public double Spread { get; init; } = 1;

    /// <summary>
    /// Weight of the perturbation's entropy, which keeps it from vanishing (τ in the paper's equation 13). Default 1e-3.
    /// </summary>
    public double EntropyWeight { get; init; } = 1e-3;

    /// <summary>Updates between evaluations. Default 50.</summary>
    public int EvaluateEvery { get; init; } = 50;

    /// <summary>Of batches, perturbations and dropout.</summary>
    public ulong Seed { get; init; }

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidInputException">One line that names the option.</exception>
    public SelfTuningOptions Checked()
    {
        Require(Steps > 0, "steps", Steps, "at least 1");
        Require(StepsPerTuning > 0, "steps per tuning", StepsPerTuning, "at least 1");
        Require(TuningWarmup is >= 0 and <= 1, "tuning warm-up", TuningWarmup, "a share between 0 and 1");
        Require(BatchSize > 0, "batch size", BatchSize, "at least 1");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "learning rate", LearningRate, "above 0");
        Require(TuningRate > 0 && double.IsFinite(TuningRate), "tuning rate", TuningRate, "above 0");
        Require(Spread > 0 && double.IsFinite(Spread), "spread", Spread, "above 0");
        Require(EntropyWeight >= 0, "entropy weight", EntropyWeight, "at least 0");
        Require(EvaluateEvery > 0, "steps between evaluations", EvaluateEvery, "at least 1");
        return this;
    }

    private static void Require(bool holds, string what, object value, string wanted)
    {
        if (!holds)
            throw new InvalidInputException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"self-tuning option {what} is {value}; it must be {wanted}"));
    }
}

/// <summary>One evaluation of a self-tuning training.</summary>
/// <param name="Step">Updates of the weights made.</param>
/// <param name="DevLoss">On the dev set, nats.</param>
/// <param name="DevScore">On the dev set, by the task's metric.</param>
/// <param name="Regularization">Where it stands.</param>
internal sealed record SelfTuningReport(int Step, double DevLoss, double DevScore, Regularization Regularization);

/// <summary>What came of it.</summary>
/// <param name="Best">The evaluation of the lowest dev loss.</param>
/// <param name="Test">On the test set with the weights of that evaluation.</param>
/// <param name="History">All evaluations.</param>
/// <param name="Passes">Examples that went forward and back, those of tuning steps and of the response's second product included: the
/// compute.</param>
/// <param name="Seconds">Wall time.</param>
internal sealed record SelfTuningResult(
    SelfTuningReport Best, SplitEvaluation Test, IReadOnlyList<SelfTuningReport> History, long Passes, double Seconds);
