namespace AutoPeft.Peft.Training;

/// <summary>One evaluation during training.</summary>
/// <param name="Epoch">Epochs completed, from 1; a fraction where evaluations fall inside epochs.</param>
/// <param name="Step">Number of updates made so far.</param>
/// <param name="Score">Score on the development set, by the task's metric.</param>
/// <param name="Loss">Loss on the development set.</param>
/// <param name="TrainLoss">Mean training loss over the updates since the last evaluation.</param>
/// <param name="LearningRate">Learning rate of the last update.</param>
/// <param name="GradientNorm">Mean norm of the gradient over the updates since the last evaluation, before clipping.</param>
public sealed record EvaluationReport(double Epoch, long Step, double Score, double Loss, double TrainLoss, double LearningRate,
    double GradientNorm = 0)
{
    /// <summary>The evaluation's numbers as named measurements, for a study's log.</summary>
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

/// <summary>What a training does after an evaluation: go on, stop or pause.</summary>
public enum TrainingDecision
{
    /// <summary>Goes on with the training.</summary>
    Continue,

    /// <summary>Ends the training here.</summary>
    Stop,

    /// <summary>Ends the training for now; a checkpoint keeps its state, from which it can go on.</summary>
    Pause,
}

/// <summary>Why a training came to its end.</summary>
public enum TrainingEnd
{
    /// <summary>All epochs of the training were run.</summary>
    Completed,

    /// <summary>No better score for as many evaluations as the patience allows.</summary>
    Patience,

    /// <summary>The receiver of the evaluations told the training to stop.</summary>
    Stopped,

    /// <summary>The loss or its gradient was no longer a finite number.</summary>
    Diverged,
}

/// <summary>Result of a training: best evaluation, all evaluations, updates, time and why the training ended.</summary>
/// <param name="Best">The evaluation with the best score; the earliest of equals.</param>
/// <param name="History">All evaluations made during the training, in order.</param>
/// <param name="Steps">Number of updates that the training made.</param>
/// <param name="Seconds">Wall time of the training, in seconds.</param>
/// <param name="End">Why the training came to its end.</param>
public sealed record FineTuningResult(EvaluationReport Best, IReadOnlyList<EvaluationReport> History, long Steps, double Seconds,
    TrainingEnd End);

/// <summary>Training went to infinity before there was anything to evaluate.</summary>
public sealed class TrainingDivergedException(long step, double learningRate) : Exception(
    string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"the loss was no finite number at step {step}, before the first evaluation; the learning rate of {learningRate:g3} is probably "
            + $"too high"));
