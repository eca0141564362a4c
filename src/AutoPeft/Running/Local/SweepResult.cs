using AutoPeft.Pareto;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>Result of a sweep that has ended: the study and its trials with typed configurations.</summary>
public sealed class SweepResult<T>
{
    private readonly Func<Configuration, T> _read;

    internal SweepResult(IStudyView study, Func<Configuration, T> read, IReadOnlyDictionary<int, Exception> failures,
        IReadOnlyList<string> remarks) =>
        (Study, _read, Failures, Remarks) = (study, read, failures, remarks);

    /// <summary>The study that the sweep ran: definition, trials and front.</summary>
    public IStudyView Study { get; }

    /// <summary>
    /// The exceptions of trials that failed in this run, with their stacks, by trial number. The study keeps one line of each
    /// (<see cref="Trial.Error"/>).
    /// </summary>
    public IReadOnlyDictionary<int, Exception> Failures { get; }

    /// <summary>
    /// What a person should know of this run, a line each: why it ended early, which errors trials failed with, that the scheduler never
    /// acted. Empty where all is well.
    /// </summary>
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>The Pareto front, by the first objective from its best to its worst. For one objective: the best trial.</summary>
    public IReadOnlyList<SweepPoint<T>> Front => [.. ParetoFront.Of(Study).Select(Point)];

    /// <summary>The best trial by the first objective.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message says
    /// why: no trial completed, or none within the outcome constraints.</exception>
    public SweepPoint<T> Best => ParetoFront.Of(Study) is [var first, ..] ? Point(first)
        : throw new InvalidOperationException($"There is no best trial: {NoBest()}");

    private string NoBest()
    {
        int completed = Study.Completed.Count;
        if (completed > 0) return $"of {completed} completed trial(s) none keeps the outcome constraints "
            + $"({string.Join(", ", Study.Definition.Outcomes.Select(o => o.Name))}).";
        if (Study.Trials.Count == 0) return "no trial was proposed.";
        string[] states = [.. Study.Trials.GroupBy(t => t.State).Select(g => $"{g.Count()} {g.Key.ToString().ToLowerInvariant()}")];
        string error = TrialFailures.Of(Study).Errors is [var (count, text), ..] ? $" The commonest error ({count} x): {text}" : "";
        return $"no trial completed ({string.Join(", ", states)}).{error}";
    }

    private SweepPoint<T> Point(Trial t) => new(_read(t.Configuration), [.. t.Values], t.Number);
}

/// <summary>A trial of the Pareto front, with its configuration and values.</summary>
/// <param name="Configuration">Configuration that the trial ran.</param>
/// <param name="Values">Value of each objective, in the objectives' own units.</param>
/// <param name="Trial">Number of the trial, from 0 in the order of proposal.</param>
public sealed record SweepPoint<T>(T Configuration, double[] Values, int Trial);
