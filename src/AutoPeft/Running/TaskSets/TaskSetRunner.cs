using System.Collections.Immutable;
using System.Diagnostics;
using AutoPeft.Randomness;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.TaskSets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AutoPeft.Running;

/// <summary>
/// One configuration for many tasks: runs a trial on every task of a set, by one runner a task, and gives a robust aggregate of the
/// results. After each task it reports (step = how many tasks are done): under an objective's name the aggregate so far, under
/// <see cref="StepMetric"/>'s this task's result, and everything measured as <c>METRIC@TASK</c>; so any scheduler can stop a configuration
/// that loses, <see cref="TaskRaceScheduler"/> above all. A trial's metrics keep every task's results.
/// </summary>
/// <remarks>
/// Each task has a directory of its own under the trial's, where its runner may keep checkpoints; a task that is done is never run again
/// when the trial is interrupted or paused and goes on. Each has a seed of its own, derived from the trial's and the task's name: neither
/// order nor company changes it. What the tasks' runners report on their way counts as a sign of life only. Outcome constraints take the
/// task that comes closest to breaking them. As thread-safe as the runners are.
/// <example><code>new TaskSetRunner(study, new TaskSetOptions { Tasks = ["a", "b"], Aggregate = TaskAggregate.Worst }, [runnerA,
/// runnerB])</code></example>
/// </remarks>
public sealed partial class TaskSetRunner : ITrialRunner, IDisposable
{
    private readonly StudyDefinition _study;
    private readonly TaskSetOptions _options;
    private readonly IReadOnlyList<ITrialRunner> _runners;
    private readonly ILogger _logger;

    /// <param name="study">For objectives and outcome constraints.</param>
    /// <param name="options">The tasks.</param>
    /// <param name="runners">One a task, in their order; each gives one value per objective of the study. Disposed with this, where they
    /// can be.</param>
    /// <param name="logger">Hears of results of an earlier attempt that cannot be used; nobody where null.</param>
    /// <exception cref="InvalidInputException">Tasks, scales and runners do not fit each other.</exception>
    public TaskSetRunner(StudyDefinition study, TaskSetOptions options, IReadOnlyList<ITrialRunner> runners, ILogger? logger = null)
    {
        (_study, _options, _runners, _logger) = (study, options.Checked(study), runners, logger ?? NullLogger.Instance);
        if (runners.Count != options.Tasks.Length)
            throw new InvalidInputException($"{runners.Count} runner(s) for {options.Tasks.Length} task(s).");
    }

    /// <inheritdoc/>
    /// <exception cref="TaskFailedException">A task's runner failed; the message names the task.</exception>
    public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        var results = new List<double>[_study.Objectives.Length];
        for (int j = 0; j < results.Length; j++) results[j] = [];
        double[] outcomes = [];
        var all = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        double[] values = [];
        for (int k = 0; k < _runners.Count; k++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            SetTask task = _options.Tasks[k];
            (TaskResult result, bool known) = await OnAsync(k, trial, reporter, cancellationToken).ConfigureAwait(false);
            var report = new Dictionary<string, double>(StringComparer.Ordinal);
            values = new double[results.Length];
            for (int j = 0; j < results.Length; j++)
            {
                Objective objective = _study.Objectives[j];
                double scaled = Scaled(task, j, result.Outcome.Values[j]);
                results[j].Add(scaled);
                values[j] = report[objective.Name] = Aggregate(objective, results[j]);
                report[StepMetric.Of(objective.Name)] = scaled;
                report[On(_options.NameOf(_study, j), task)] = result.Outcome.Values[j];
                // What is aggregated has the objective's name, whatever else has.
                report[On(objective.Name, task)] = scaled;
            }
            outcomes = Closest(outcomes, result.Outcome.Outcomes);
            for (int i = 0; i < outcomes.Length; i++)
            {
                report[_study.Outcomes[i].Name] = outcomes[i];
                all[On(_study.Outcomes[i].Name, task)] = result.Outcome.Outcomes[i];
            }
            foreach ((string name, double value) in report)
                if (name.EndsWith("@" + task.Name, StringComparison.Ordinal)) all[name] = value;
            foreach ((string name, double value) in result.Outcome.Metrics) all[On(name, task)] = value;
            all[On("seconds", task)] = result.Seconds;
            // The host has the report of a task that was done before the trial was paused, and has decided on it.
            if (known && k + 1 <= trial.ResumeFrom) continue;
            Decision decision = await reporter.ReportAsync(k + 1, report, cancellationToken).ConfigureAwait(false);
            // After the last task all is paid for.
            if (decision is Decision.Stop or Decision.Pause && k + 1 < _runners.Count) throw new TrialStoppedException(k + 1);
        }
        return new TrialOutcome([.. values], [.. outcomes], all.ToImmutable());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ITrialRunner runner in _runners) (runner as IDisposable)?.Dispose();
    }

    /// <summary>The seed of a trial on a task.</summary>
    internal static ulong SeedOf(ulong trial, string task) => new Philox(trial, Hash(task), StreamPurpose.Training).NextUInt64() >> 1;

    /// <summary>The directory of a task under its trial's.</summary>
    internal static string DirectoryOf(string trial, string task) => Path.Combine(trial, $"task-{FileNames.Of(task)}");

    private static string On(string metric, SetTask task) => $"{metric}@{task.Name}";

    private async Task<(TaskResult Result, bool Known)> OnAsync(int k, TrialAssignment trial, ITrialReporter reporter,
        CancellationToken cancellationToken)
    {
        string name = _options.Tasks[k].Name;
        string? directory = trial.WorkDirectory is { } d ? DirectoryOf(d, name) : null;
        if (directory is not null)
        {
            if (TaskResult.Read(directory, name, trial, out string? refused) is { } earlier && Refuses(k, earlier.Outcome) is null)
                return (earlier, true);
            if (refused is not null) LogNotUsed(trial.Number, name, directory, refused);
        }
        long start = Stopwatch.GetTimestamp();
        TrialOutcome outcome;
        try
        {
            outcome = await _runners[k].RunAsync(
                trial with { Seed = SeedOf(trial.Seed, name), WorkDirectory = directory, ResumeFrom = null }, new SignsOfLife(reporter),
                cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            throw new TaskFailedException(name, e);
        }
        if (Refuses(k, outcome) is { } why) throw new TaskFailedException(name, why);
        var result = new TaskResult(outcome, Stopwatch.GetElapsedTime(start).TotalSeconds);
        if (directory is not null) result.Write(directory, name, trial);
        return (result, false);
    }

    /// <summary>
    /// The aggregate, in the objective's units. What is the same everywhere, as a count of parameters, stays what it is to the last bit,
    /// which logarithms there and back would not leave it.
    /// </summary>
    private double Aggregate(Objective objective, List<double> results) =>
        results.TrueForAll(r => r == results[0])
            ? results[0]
            : objective.FromLoss(_options.Aggregate.Of([.. results.Select(objective.ToLoss)]));

    private string? Refuses(int k, TrialOutcome outcome)
    {
        if (outcome.Values.Length != _study.Objectives.Length || outcome.Outcomes.Length != _study.Outcomes.Length)
            return $"{outcome.Values.Length} value(s) and {outcome.Outcomes.Length} outcome(s) for {_study.Objectives.Length} objective(s) "
                + $"and {_study.Outcomes.Length} outcome constraint(s)";
        return _study.Objectives.Select((o, j) => o.Refuses(Scaled(_options.Tasks[k], j, outcome.Values[j])))
            .FirstOrDefault(r => r is not null);
    }

    private double Scaled(SetTask task, int j, double value) => task.ScaleOf(j)?.Apply(_study.Objectives[j], value) ?? value;

    /// <summary>Outcome by outcome the one that comes closest to breaking its constraint, or breaks it most.</summary>
    private double[] Closest(double[] soFar, ImmutableArray<double> next) =>
        soFar.Length == 0
            ? [.. next]
            : [.. soFar.Select(
                (v, i) => double.IsNaN(v) || _study.Outcomes[i].Violation(v) >= _study.Outcomes[i].Violation(next[i]) ? v : next[i])];

    /// <summary>FNV-1a (Fowler, Noll and Vo), 64 bits: the same in every process, as string.GetHashCode is not.</summary>
    private static ulong Hash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in System.Text.Encoding.UTF8.GetBytes(text)) hash = (hash ^ b) * 1099511628211;
        return hash;
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "trial {Trial}: the result of task '{Task}' in {Directory} is not used ({Why}); the task runs again")]
    private partial void LogNotUsed(int trial, string task, string directory, string why);

    private sealed class SignsOfLife(ITrialReporter reporter) : ITrialReporter
    {
        public ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            reporter.Heartbeat();
            return ValueTask.FromResult(Decision.Continue);
        }

        public void Heartbeat() => reporter.Heartbeat();
    }
}

/// <summary>A configuration failed on one task of a set, and so as a whole.</summary>
internal sealed class TaskFailedException : Exception
{
    internal TaskFailedException(string task, Exception inner)
        : base($"task '{task}': {(inner is InvalidInputException ? inner.Message : $"{inner.GetType().Name}: {inner.Message}")}", inner) { }

    internal TaskFailedException(string task, string why) : base($"task '{task}': {why}") { }
}
