namespace AutoPeft.Peft.LanguageModeling;

/// <summary>What came of a training. Losses are nats a token, without z-loss.</summary>
public sealed record LanguageModelingResult
{
    /// <summary>Number of updates that the training made.</summary>
    public required long Steps { get; init; }

    /// <summary>Number of tokens that the updates read.</summary>
    public required long Tokens { get; init; }

    /// <summary>Mean loss over the last tenth of the updates, at most a hundred; not a number where none was made.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>
    /// Mean loss on the held-out text at the end, of the last weights; null where nothing is held out, infinite where the training
    /// diverged.
    /// </summary>
    public double? HeldOutLoss { get; init; }

    /// <summary>As <see cref="HeldOutLoss"/>, of the averaged weights; null where none were averaged.</summary>
    public double? AveragedHeldOutLoss { get; init; }

    /// <summary>Whether loss or gradient became something that is no finite number; the training ended there.</summary>
    public bool Diverged { get; init; }

    /// <summary>Whether the training was cancelled before its end.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Wall time of the training, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>
    /// The loss on the way, a point an evaluation: updates made, mean training loss since the last point, held-out loss of the last
    /// weights (null where nothing is held out).
    /// </summary>
    public required IReadOnlyList<(long Step, double TrainLoss, double? HeldOutLoss)> Curve { get; init; }
}
