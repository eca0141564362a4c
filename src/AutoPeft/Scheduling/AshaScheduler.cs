using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of asynchronous successive halving, <see cref="AshaScheduler"/>: rungs, factor and measure.</summary>
public sealed record AshaOptions
{
    /// <summary>The first rung, in the steps that trials report. Default 1: the first report.</summary>
    public long Min { get; init; } = 1;

    /// <summary>
    /// η where nobody says otherwise: Li et al.'s. On recorded curves of LoRA's space 3 took half as many steps again to the same
    /// hypervolume, 5 no fewer.
    /// </summary>
    public const int StandardEta = 4;

    /// <summary>Of every so many trials at a rung one goes on, η times as far. Default <see cref="StandardEta"/>.</summary>
    public int Eta { get; init; } = StandardEta;

    /// <summary>
    /// The step at which trials end by themselves: no rung is there or beyond. Null (the default): the furthest that a completed trial
    /// reported; until one has, trials may pause at their last report.
    /// </summary>
    public long? Max { get; init; }

    /// <summary>
    /// Whether a trial that is not among the best is ended at once instead of being paused. Default false: pausing can take back what was
    /// decided on few results.
    /// </summary>
    public bool Stopping { get; init; }

    /// <summary>Reported measure by which trials are ranked at a rung.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020): a trial that reaches a
/// rung goes on if it is among the best 1/η of all that have been there; else it is paused at its checkpoint and promoted later if it
/// comes to be among them. No worker ever waits for another. Several objectives by non-dominated rank, then hypervolume contribution
/// (Schmucker et al. 2021). For many short trials: give it several times the trials that would run to their end.
/// <example><code>autopeft sweep autopeft --task polarity --trials 120 --scheduler asha:min=1,eta=4,max=8</code></example>
/// </summary>
public sealed class AshaScheduler : IScheduler
{
    private readonly AshaOptions _options;

    /// <summary>Makes an asynchronous successive-halving scheduler with these options; null: the defaults.</summary>
    public AshaScheduler(AshaOptions? options = null) => _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "asha";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial) => Decide(study, trial, study.Trials);

    /// <inheritdoc/>
    public int? Promote(IStudyView study) => Promote(study, study.Trials);

    /// <summary>Decides among <paramref name="peers"/>, which have the trial in them.</summary>
    internal Decision Decide(IStudyView study, Trial trial, IReadOnlyList<Trial> peers)
    {
        if (Rungs.For(study, _options).CrossedBy(trial) is not { } rung) return Decision.Continue;
        if (_options.Measure.AtRung(study.Definition, trial, rung) is null) return Decision.Continue;
        Ranking standing = Ranking.AtRung(study.Definition, _options.Measure, peers, rung);
        int goOn = standing.Trials.Length / _options.Eta;
        // Where trials end for good, the first at a rung has nobody to be worse than.
        if (standing.Best(_options.Stopping ? Math.Max(goOn, 1) : goOn).Contains(trial)) return Decision.Continue;
        return _options.Stopping ? Decision.Stop : Decision.Pause;
    }

    /// <summary>The paused trial of the highest rung that is among the best of its rung.</summary>
    internal int? Promote(IStudyView study, IReadOnlyList<Trial> peers)
    {
        Rungs rungs = Rungs.For(study, _options);
        long furthest = peers.Max(t => t.State == TrialState.Paused ? t.PausedAt : null) ?? 0;
        foreach (long rung in rungs.UpTo(furthest).Reverse())
        {
            // A trial waits at the highest rung that its reports have crossed.
            if (!peers.Any(t => IsWaitingAt(rungs, t, rung))) continue;
            Ranking standing = Ranking.AtRung(study.Definition, _options.Measure, peers, rung);
            foreach (Trial t in standing.Best(standing.Trials.Length / _options.Eta))
                if (IsWaitingAt(rungs, t, rung)) return t.Number;
        }
        return null;
    }

    private static bool IsWaitingAt(Rungs rungs, Trial trial, long rung) =>
        trial.State == TrialState.Paused && trial.PausedAt is { } at && rungs.Crossed(0, at) == rung;
}
