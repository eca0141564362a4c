using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="PatiencePruner"/>.</summary>
internal sealed record PatienceOptions
{
    /// <summary>Reports without improvement after which a trial is stopped. Default 5.</summary>
    public int Reports { get; init; } = 5;

    /// <summary>A smaller improvement counts as none; in losses. Default 0.</summary>
    public double MinDelta { get; init; }

    /// <summary>What has to improve.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Stops a trial that no longer improves, whatever the others do (early stopping; Prechelt 1998). With several objectives a report improves
/// if it is better in any of them than all before.
/// <example><code>autopeft sweep autopeft --task polarity --scheduler patience:reports=3,min-delta=0.001,metric=loss</code></example>
/// </summary>
internal sealed class PatiencePruner(PatienceOptions? options = null) : IScheduler
{
    private readonly PatienceOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "patience";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        double[]? best = null;
        int since = 0;
        foreach (Report report in trial.Reports)
        {
            if (_options.Measure.At(study.Definition, report) is not { } losses) continue;
            bool improved = best is null;
            for (int j = 0; j < losses.Length && best is not null; j++)
            {
                if (!(losses[j] < best[j] - _options.MinDelta)) continue;
                improved = true;
                best[j] = losses[j];
            }
            best ??= losses;
            since = improved ? 0 : since + 1;
        }
        return since >= _options.Reports ? Decision.Stop : Decision.Continue;
    }
}
