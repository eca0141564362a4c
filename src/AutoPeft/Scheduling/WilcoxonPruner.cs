using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="WilcoxonPruner"/>.</summary>
internal sealed record WilcoxonOptions
{
    /// <summary>
    /// Probability below which a difference counts. Default 0.1, as Optuna's: to stop a trial wrongly costs less than to publish a wrong
    /// claim.
    /// </summary>
    public double P { get; init; } = 0.1;

    /// <summary>
    /// Seeds or folds that a trial has to have in common with the best. Default 4: with fewer no result can be below 0.1.
    /// </summary>
    public int Min { get; init; } = 4;

    /// <summary>What is compared.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Stops a trial that is worse than the best trial by Wilcoxon's one-sided signed-rank test, over the steps that both trials have reported.
/// The steps are repetitions (seeds, folds, tasks), not the progress of a training. With several objectives the pruner stops a trial that a
/// trial of the Pareto front dominates significantly: in each objective the stopped trial is worse by the test, or has the same values.
/// With fewer than four common steps the test never has a probability below 0.1; the scheduler <c>race</c> serves fewer tasks than that.
/// <example><code>new SweepBuilder…Scheduler(SchedulerCatalog.Create("wilcoxon:p=0.1"))</code></example>
/// </summary>
internal sealed class WilcoxonPruner(WilcoxonOptions? options = null) : IScheduler
{
    private readonly WilcoxonOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "wilcoxon";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => _options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        StepResults own = StepResults.Of(study.Definition, _options.Measure, trial);
        if (own.Count < _options.Min) return Decision.Continue;
        foreach (StepResults rival in StepResults.Front(study, _options.Measure, trial, losses => losses.Average()))
            if (own.IsBeatenBy(rival, _options.Min, d => SignedRank.Greater(d) < _options.P)) return Decision.Stop;
        return Decision.Continue;
    }
}
