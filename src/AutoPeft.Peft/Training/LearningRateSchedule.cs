namespace AutoPeft.Peft.Training;

/// <summary>What the learning rate does after warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>Falls in a straight line to zero at the last step.</summary>
    Linear,

    /// <summary>Falls along half a cosine to zero (Loshchilov and Hutter, ICLR 2017, without restarts).</summary>
    Cosine,

    /// <summary>Stays.</summary>
    Constant,
}

/// <summary>The learning rate of each step as a share of its peak.</summary>
internal static class LearningRateSchedule
{
    /// <summary>
    /// The factor in [0, 1] at a step. Warm-up rises in a straight line and reaches 1 at its last step; unlike in schedules that start at
    /// 0, no step is wasted on a learning rate of zero.
    /// </summary>
    /// <param name="kind">The decay.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="totalSteps">Steps in all.</param>
    /// <param name="warmupSteps">Steps of warm-up, at most <paramref name="totalSteps"/>.</param>
    public static double Factor(ScheduleKind kind, long step, long totalSteps, long warmupSteps)
    {
        if (step < warmupSteps) return (step + 1.0) / warmupSteps;
        double progress = Progress(step, totalSteps, warmupSteps);
        return kind switch
        {
            ScheduleKind.Linear => 1 - progress,
            ScheduleKind.Cosine => 0.5 * (1 + Math.Cos(Math.PI * progress)),
            _ => 1,
        };
    }

    /// <summary>The schedule of this name.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static ScheduleKind Parse(string name) => name switch
    {
        "linear" => ScheduleKind.Linear,
        "cosine" => ScheduleKind.Cosine,
        "constant" => ScheduleKind.Constant,
        _ => throw new InvalidInputException($"unknown schedule '{name}'; known: linear, cosine, constant"),
    };

    private static double Progress(long step, long totalSteps, long warmupSteps) =>
        Math.Clamp((double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps), 0, 1);
}
