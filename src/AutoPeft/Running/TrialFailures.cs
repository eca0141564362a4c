using System.Globalization;
using System.Text.RegularExpressions;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>The failed trials of a study, by error: errors that differ in nothing but numbers count as one.</summary>
/// <param name="Failed">Number of trials that failed.</param>
/// <param name="AllFailed">Whether trials ended and every one of them failed.</param>
/// <param name="Errors">Errors of the failed trials, the commonest first: how many trials failed with the error, and the text of the
/// first of them.</param>
public sealed partial record TrialFailures(int Failed, bool AllFailed, IReadOnlyList<(int Count, string Error)> Errors)
{
    private const int Shown = 3;

    /// <summary>The commonest errors for a person, a line each; empty where no trial failed.</summary>
    public IReadOnlyList<string> Lines => Failed == 0 ? [] :
    [
        AllFailed ? $"every trial failed ({Failed}); the commonest errors:" : $"{Failed} trial(s) failed; the commonest errors:",
        .. Errors.Take(Shown).Select(e => string.Create(CultureInfo.InvariantCulture, $"  {e.Count} x {e.Error}")),
        .. Errors.Count > Shown ? [$"  and {Errors.Count - Shown} other(s)"] : Array.Empty<string>(),
    ];

    /// <summary>Counts the failed trials of a study by error.</summary>
    public static TrialFailures Of(IStudyView study)
    {
        Trial[] failed = [.. study.Trials.Where(t => t.State == TrialState.Failed)];
        (int, string)[] errors =
            [.. failed.GroupBy(t => Number().Replace(t.Error ?? "", "#")).OrderByDescending(g => g.Count()).Select(g =>
            (g.Count(), g.First().Error ?? ""))];
        return new TrialFailures(failed.Length, failed.Length > 0 && failed.Length == study.Trials.Count(t => t.HasEnded), errors);
    }

    [GeneratedRegex(@"[0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?")]
    private static partial Regex Number();
}
