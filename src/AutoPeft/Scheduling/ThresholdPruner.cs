using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="ThresholdPruner"/>.</summary>
internal sealed record ThresholdOptions
{
    /// <summary>The reported metric that is watched.</summary>
    public required string Metric { get; init; }

    /// <summary>Larger values stop the trial; null for no such bound.</summary>
    public double? Upper { get; init; }

    /// <summary>Smaller values stop the trial; null for no such bound.</summary>
    public double? Lower { get; init; }

    /// <summary>No trial is stopped before this step. Default 1.</summary>
    public long Min { get; init; } = 1;
}

/// <summary>
/// Stops a trial whose metric leaves its bounds or is no number: a loss that explodes, a score that should be beyond chance by now.
/// <example><code>autopeft sweep lora --task polarity --model m --scheduler threshold:metric=train_loss,upper=2</code></example>
/// </summary>
internal sealed class ThresholdPruner : IScheduler
{
    private readonly ThresholdOptions _options;

    /// <exception cref="InvalidInputException">There is no bound, or none can be kept.</exception>
    public ThresholdPruner(ThresholdOptions options)
    {
        _options = options;
        if (options.Upper is null && options.Lower is null)
            throw new InvalidInputException($"The threshold on '{options.Metric}' has neither upper nor lower; give one.");
        if (options.Upper < options.Lower)
            throw new InvalidInputException(
                $"The threshold on '{options.Metric}' has an upper bound ({options.Upper}) below its lower one ({options.Lower}).");
    }

    /// <inheritdoc/>
    public string Name => "threshold";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => [_options.Metric];

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        Report last = trial.Reports[^1];
        if (last.Step < _options.Min || !last.Metrics.TryGetValue(_options.Metric, out double value)) return Decision.Continue;
        return value <= (_options.Upper ?? double.PositiveInfinity) && value >= (_options.Lower ?? double.NegativeInfinity)
            && double.IsFinite(value) ? Decision.Continue : Decision.Stop;
    }
}
