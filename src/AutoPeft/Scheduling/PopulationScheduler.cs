using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// Population-based training (Jaderberg et al., "Population based training of neural networks", 2017): a population trains; at every
/// interval its members leave their devices at a checkpoint, the worst of them for good, and the sampler (<c>pbt</c> or <c>pb2</c>) has a
/// new trial go on from the checkpoint of one of the best with other hyperparameters. Members are compared at equal steps. They take turns,
/// the least advanced first, so that any number of devices serves any population. Several objectives by non-dominated rank, then
/// hypervolume contribution.
/// <example><code>autopeft sweep lora --task polarity --trials 40 --sampler pbt:population=8,interval=1</code></example>
/// </summary>
/// <remarks>
/// Synchronous, a comparison waits for everybody, and what comes of a study depends on its seed alone. Asynchronous, a member is compared
/// when its turn comes with whoever has been there by then; no device waits.
/// </remarks>
internal sealed class PopulationScheduler : IScheduler
{
    /// <summary>As people type it.</summary>
    public const string Id = "pbt";

    /// <summary>With these options, or the defaults.</summary>
    /// <exception cref="InvalidInputException">An option makes no sense.</exception>
    public PopulationScheduler(PopulationOptions? options = null) => Options = (options ?? new()).Checked();

    /// <inheritdoc/>
    public string Name => Id;

    /// <summary>How.</summary>
    public PopulationOptions Options { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => Options.Measure.Names(study);

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        IReadOnlyList<Report> reports = trial.Reports;
        long last = reports[^1].Step, before = Math.Max(reports.Count > 1 ? reports[^2].Step : 0, PopulationState.Position(trial));
        long? end = Options.Max ?? study.Completed.Max(t => t.Reports.Count > 0 ? t.Reports[^1].Step : (long?)null);
        bool compares = last / Options.Interval * Options.Interval > before && !(last >= end);
        return compares && Options.Measure.At(study.Definition, reports[^1]) is not null ? Decision.Pause : Decision.Continue;
    }

    /// <inheritdoc/>
    public int? Retire(IStudyView study)
    {
        var population = new PopulationState(study, Options);
        return population.Next() is { } next && population.IsToLeave(next) ? next.Number : null;
    }

    /// <inheritdoc/>
    public int? Promote(IStudyView study) => new PopulationState(study, Options).Next()?.Number;

    /// <inheritdoc/>
    public long? KeepsFrom(IStudyView study) => new PopulationState(study, Options).NeededFrom();
}
