namespace AutoPeft.Peft.Training;

/// <summary>One evaluation during training.</summary>
/// <param name="Epoch">Epochs completed, from 1; a fraction where evaluations fall inside epochs.</param>
/// <param name="Step">Updates made.</param>
/// <param name="Score">On the dev set, by the task's metric.</param>
/// <param name="Loss">On the dev set.</param>
/// <param name="TrainLoss">Mean over the updates since the last evaluation.</param>
/// <param name="LearningRate">At the last update.</param>
/// <param name="GradientNorm">Mean over the updates since the last evaluation, before clipping.</param>
public sealed record EvaluationReport(double Epoch, long Step, double Score, double Loss, double TrainLoss, double LearningRate,
    double GradientNorm = 0)
{
    /// <summary>As named measurements, for a log.</summary>
    public IReadOnlyDictionary<string, double> ToMetrics() => new Dictionary<string, double>
    {
        ["score"] = Score,
        ["loss"] = Loss,
        ["train_loss"] = TrainLoss,
        ["learning_rate"] = LearningRate,
        ["gradient_norm"] = GradientNorm,
        ["epoch"] = Epoch,
    };
}

/// <summary>What follows an evaluation.</summary>
public enum TrainingDecision
{
    /// <summary>Go on.</summary>
    Continue,

    /// <summary>End here.</summary>
    Stop,

    /// <summary>End for now; a checkpoint keeps it.</summary>
    Pause,
}

/// <summary>Why training ended.</summary>
public enum TrainingEnd
{
    /// <summary>All epochs were run.</summary>
    Completed,

    /// <summary>No better score for as many evaluations as the patience allows.</summary>
    Patience,

    /// <summary>Whoever received the reports said so.</summary>
    Stopped,

    /// <summary>The loss or its gradient was no longer a finite number.</summary>
    Diverged,
}

/// <summary>What came of a training.</summary>
/// <param name="Best">The evaluation with the best score; the earliest of equals.</param>
/// <param name="History">All evaluations.</param>
/// <param name="Steps">Updates made.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="End">Why it ended.</param>
public sealed record FineTuningResult(EvaluationReport Best, IReadOnlyList<EvaluationReport> History, long Steps, double Seconds,
    TrainingEnd End);

/// <summary>Training went to infinity before there was anything to evaluate.</summary>
public sealed class TrainingDivergedException(long step, double learningRate) : Exception(
    string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"the loss was no finite number at step {step}, before the first evaluation; the learning rate of {learningRate:g3} is probably "
            + $"too high"));
