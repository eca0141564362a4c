namespace AutoPeft.Peft.Training;

/// <summary>What the learning rate does after warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>Falls in a straight line to the last step.</summary>
    Linear,

    /// <summary>Falls along half a cosine (Loshchilov and Hutter, ICLR 2017, without restarts).</summary>
    Cosine,

    /// <summary>Stays at the peak to the last step.</summary>
    Constant,

    /// <summary>
    /// Stays, then falls over the last part of the training as 1 − √progress (warm-up, stable, decay; Hägele et al., NeurIPS 2024).
    /// </summary>
    WarmupStableDecay,

    /// <summary>Falls as 1/√step from the end of warm-up on (Vaswani et al., 2017).</summary>
    InverseSquareRoot,

    /// <summary>Stays at the peak until a power law of the step is below it, then follows the law (Shen et al., 2024).</summary>
    Power,
}

/// <summary>What a kind of schedule leaves open.</summary>
internal sealed record ScheduleShape
{
    /// <summary>
    /// Share of the training over which <see cref="ScheduleKind.WarmupStableDecay"/> falls. Default 0.2 (Hägele et al., 2024).
    /// </summary>
    public double DecayShare { get; init; } = 0.2;

    /// <summary>Share of the peak at which linear, cosine and warm-up-stable-decay end. Default 0.</summary>
    public double FinalShare { get; init; }

    /// <summary>Exponent of <see cref="ScheduleKind.Power"/>. Default −0.51 (Shen et al., 2024).</summary>
    public double PowerExponent { get; init; } = -0.51;

    /// <summary>The step, from 1, at which the power law passes the peak. Null: the last one of warm-up.</summary>
    public double? PowerKnee { get; init; }
}

/// <summary>The learning rate of each step as a share of its peak.</summary>
internal static class LearningRateSchedule
{
    private static readonly (string Name, ScheduleKind Kind)[] Names =
    [
        ("linear", ScheduleKind.Linear), ("cosine", ScheduleKind.Cosine), ("constant", ScheduleKind.Constant),
        ("wsd", ScheduleKind.WarmupStableDecay), ("inverse-sqrt", ScheduleKind.InverseSquareRoot), ("power", ScheduleKind.Power),
    ];

    private static readonly ScheduleShape Usual = new();

    /// <summary>The names, for messages.</summary>
    public static string Known => string.Join(", ", Names.Select(n => n.Name));

    /// <summary>
    /// The factor in [0, 1] at a step. Warm-up rises in a straight line and reaches the schedule at its last step; unlike in schedules
    /// that start at 0, no step is wasted on a learning rate of zero.
    /// </summary>
    /// <param name="kind">The decay.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="totalSteps">Steps in all.</param>
    /// <param name="warmupSteps">Steps of warm-up, at most <paramref name="totalSteps"/>.</param>
    /// <param name="shape">What the kind leaves open; null: the defaults.</param>
    public static double Factor(ScheduleKind kind, long step, long totalSteps, long warmupSteps, ScheduleShape? shape = null)
    {
        shape ??= Usual;
        double warmup = step < warmupSteps ? (step + 1.0) / warmupSteps : 1;
        long decaying = Math.Max(step, warmupSteps - 1);
        double progress = Progress(step, totalSteps, warmupSteps);
        double Ending(double share) => shape.FinalShare + (1 - shape.FinalShare) * share;
        return warmup * kind switch
        {
            ScheduleKind.Linear => Ending(1 - progress),
            ScheduleKind.Cosine => Ending(0.5 * (1 + Math.Cos(Math.PI * progress))),
            ScheduleKind.WarmupStableDecay => Ending(1 - Math.Sqrt(Tail(step, totalSteps, warmupSteps, shape.DecayShare))),
            ScheduleKind.InverseSquareRoot => Law(decaying, warmupSteps, -0.5),
            ScheduleKind.Power => Law(decaying, shape.PowerKnee ?? warmupSteps, shape.PowerExponent),
            _ => 1,
        };
    }

    /// <summary>The schedule of this name.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static ScheduleKind Parse(string name) => Names.FirstOrDefault(n => n.Name == name) is { Name: not null } found
        ? found.Kind
        : throw new InvalidInputException($"unknown schedule '{name}'; known: {Known}");

    private static double Progress(long step, long totalSteps, long warmupSteps) =>
        Math.Clamp((double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps), 0, 1);

    /// <summary>How far a step is into the last part of the training, 0 to 1.</summary>
    private static double Tail(long step, long totalSteps, long warmupSteps, double share)
    {
        double length = Math.Min(share * totalSteps, totalSteps - warmupSteps);
        return length <= 0 ? 0 : Math.Clamp((step - (totalSteps - length)) / length, 0, 1);
    }

    /// <summary>min(1, ((step + 1) / knee)^exponent).</summary>
    private static double Law(long step, double knee, double exponent) =>
        Math.Min(1, Math.Pow((step + 1) / Math.Max(1, knee), exponent));
}
