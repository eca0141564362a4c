using System.Collections.Immutable;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>What an objective function may ask and say while it runs.</summary>
public sealed class SweepTrial
{
    private readonly ITrialReporter _reporter;
    private readonly StudyDefinition _study;
    private ImmutableSortedDictionary<string, double> _measured = ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);

    internal SweepTrial(TrialAssignment assignment, StudyDefinition study, ITrialReporter reporter) =>
        (Assignment, _study, _reporter) = (assignment, study, reporter);

    /// <summary>The trial's number, seed and device.</summary>
    public TrialAssignment Assignment { get; }

    /// <summary>
    /// Reports one measurement at a step. A scheduler decides on reports that have every metric that it reads: with several objectives give
    /// them all at once.
    /// </summary>
    /// <param name="step">Epochs, steps, whatever trials are compared at; ascending.</param>
    /// <param name="metric">The objective's name where it is an objective, else any.</param>
    /// <param name="value">The measurement.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="TrialStoppedException">The scheduler ends the trial; let it pass.</exception>
    public Task ReportAsync(long step, string metric, double value, CancellationToken cancellationToken = default) =>
        ReportAsync(step, ImmutableSortedDictionary<string, double>.Empty.Add(metric, value), cancellationToken);

    /// <summary>Reports every objective at a step: what the objective function would give if the trial ended now.</summary>
    /// <param name="step">Epochs, steps, whatever trials are compared at; ascending.</param>
    /// <param name="values">One per objective, in their order; then, where
    /// they are measured on the way, one per outcome constraint.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="TrialStoppedException">The scheduler ends the trial; let it pass.</exception>
    /// <exception cref="ArgumentException">The number of values is wrong.</exception>
    public Task ReportAsync(long step, IReadOnlyList<double> values, CancellationToken cancellationToken = default)
    {
        string[] names = [.. _study.Objectives.Select(o => o.Name), .. _study.Outcomes.Select(o => o.Name)];
        if (values.Count != _study.Objectives.Length && values.Count != names.Length)
            throw new ArgumentException($"{values.Count} value(s) reported for {_study.Objectives.Length} objective(s): "
                + $"{string.Join(", ", _study.Objectives.Select(o => o.Name))}.", nameof(values));
        return ReportAsync(step,
            values.Select((v, i) => KeyValuePair.Create(names[i], v)).ToImmutableSortedDictionary(StringComparer.Ordinal),
            cancellationToken);
    }

    /// <summary>Reports measurements by name at a step.</summary>
    /// <exception cref="TrialStoppedException">The scheduler ends the trial; let it pass.</exception>
    public async Task ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken = default)
    {
        Decision decision = await _reporter.ReportAsync(step, metrics, cancellationToken).ConfigureAwait(false);
        if (decision is Decision.Stop or Decision.Pause) throw new TrialStoppedException(step);
    }

    /// <summary>
    /// Keeps a measurement with the trial's result that is no objective: seconds, memory, a test score. The last one of a name counts.
    /// </summary>
    public void Measure(string metric, double value) => ImmutableInterlocked.Update(ref _measured, m => m.SetItem(metric, value));

    internal ImmutableSortedDictionary<string, double> Measured => _measured;
}

internal sealed class DelegateRunner<T>(StudyDefinition study, Func<Configuration, T> read,
    Func<T, SweepTrial, CancellationToken, Task<double[]>> objective) : ITrialRunner
{
    public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        var talk = new SweepTrial(trial, study, reporter);
        double[] values = await objective(read(trial.Configuration), talk, cancellationToken).ConfigureAwait(false);
        int split = Math.Min(study.Objectives.Length, values.Length);
        return new TrialOutcome([.. values[..split]], [.. values[split..]], talk.Measured);
    }
}
