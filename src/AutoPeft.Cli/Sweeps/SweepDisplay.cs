using System.Diagnostics;
using System.Globalization;
using AutoPeft.Cli.Terminal;
using AutoPeft.Pareto;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Spectre.Console;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Shows a sweep's progress.</summary>
internal interface ISweepDisplay : ISweepObserver, IDisposable
{
    /// <summary>The sweep has ended or was interrupted.</summary>
    /// <param name="busy">Share of the slots' time that was spent on trials.</param>
    void Close(IStudyView study, double busy);

    /// <summary>Tables and report were written.</summary>
    void Wrote();
}

/// <summary>Chooses the display: a live one on a terminal, plain lines elsewhere.</summary>
internal static class SweepDisplay
{
    public static ISweepDisplay Create(bool plain, string folder) =>
        plain || Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Ansi
            ? new PlainSweepDisplay(folder)
            : new LiveSweepDisplay(folder);

    public static string Values(IStudyView study, Trial t) =>
        string.Join("  ", study.Definition.Objectives.Select((o, i) => $"{o.Name} {Number(t.Values[i])}"));

    public static string Number(double v) => double.IsNaN(v) ? "–" : v == Math.Floor(v) && Math.Abs(v) < 1e15
        ? v.ToString("N0", CultureInfo.InvariantCulture)
        : v.ToString(Math.Abs(v) is >= 1e-3 and < 1e6 ? "0.####" : "0.###e+0", CultureInfo.InvariantCulture);

    public static string Short(Configuration c, int width)
    {
        string text = c.ToString().Replace(" = ", "=", StringComparison.Ordinal);
        return text.Length <= width ? text : text[..(width - 1)] + "…";
    }

    public static string Time(TimeSpan t) =>
        t.TotalHours >= 1 ? t.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) : t.ToString(@"m\:ss", CultureInfo.InvariantCulture);

    /// <summary>
    /// The best value for one objective, else the front's hypervolume under the study's reference point, or one inferred from its trials.
    /// NaN before anything completed.
    /// </summary>
    public static double Quality(IStudyView study)
    {
        IReadOnlyList<Trial> front = ParetoFront.Of(study);
        if (front.Count == 0) return double.NaN;
        if (study.Definition.Objectives.Length == 1) return front[0].Values[0];
        double[] reference = study.Definition.ReferenceLosses ?? ReferencePoint.Infer([.. study.Completed.Select(t => t.Losses.ToArray())]);
        return Hypervolume.Compute([.. front.Select(t => t.Losses.ToArray())], reference);
    }

    /// <summary>
    /// What a scheduler saved, in reported steps: a trial that it cut short would have gone on to the furthest step that any reached. Empty
    /// where none decides.
    /// </summary>
    public static string Steps(IStudyView study)
    {
        if (study.Definition.Scheduler == "none") return "";
        (long trained, long whole) = ReportedSteps.Of(study);
        return string.Create(CultureInfo.InvariantCulture, $"trained {trained:N0} of {whole:N0} steps; ");
    }

    public static string QualityName(IStudyView study) => study.Definition.Objectives.Length == 1 ? "best" : "hypervolume";

    public static string Summary(IStudyView study, double busy, TimeSpan wall)
    {
        int completed = study.Completed.Count, failed = study.Trials.Count(t => t.State == TrialState.Failed),
            pruned = study.Trials.Count(t => t.State == TrialState.Pruned);
        string state = $"{completed} completed" + (failed > 0 ? $", {failed} failed" : "") + (pruned > 0 ? $", {pruned} pruned" : "")
            + (study.PausedCount > 0 ? $", {study.PausedCount} paused" : "")
            + (study.PendingCount > 0 ? $", {study.PendingCount} waiting" : "");
        return $"{state} of {study.Definition.Budget?.ToString(CultureInfo.InvariantCulture) ?? "?"} trials in {Time(wall)}; front of "
            + $"{ParetoFront.Of(study).Count}, {QualityName(study)} {Number(Quality(study))}; {Steps(study)}slots busy "
            + $"{busy.ToString("P0", CultureInfo.InvariantCulture)}.";
    }
}

/// <summary>A line for each trial that ends.</summary>
internal sealed class PlainSweepDisplay(string folder) : ISweepDisplay
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly ProgressOutput _output = new();
    private readonly RunningQuality _quality = new();

    public void Started(IStudyView study, Trial trial) { }

    public void Reported(IStudyView study, Trial trial) { }

    public void Ended(IStudyView study, Trial trial)
    {
        int ended = study.Trials.Count - study.PendingCount - study.PausedCount;
        string what = trial.State switch
        {
            TrialState.Completed => SweepDisplay.Values(study, trial),
            TrialState.Waiting => $"back in the queue: {trial.Error}",
            TrialState.Failed => $"failed: {trial.Error}",
            TrialState.Paused or TrialState.Pruned when trial.Reports.Count > 0 =>
                $"{trial.State.ToString().ToLowerInvariant()} at step {trial.Reports[^1].Step}",
            _ => trial.State.ToString().ToLowerInvariant(),
        };
        string time = trial.Seconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s") : "";
        string quality = $"{SweepDisplay.QualityName(study)} {SweepDisplay.Number(_quality.Of(study))}";
        string line = $"[{ended}/{study.Definition.Budget}] trial {trial.Number}  {what}  {time}  {trial.Device}  {quality}";
        _output.Show(() => Console.Out.WriteLine(line));
    }

    public void Close(IStudyView study, double busy) =>
        _output.Show(() => Console.Out.WriteLine(SweepDisplay.Summary(study, busy, Stopwatch.GetElapsedTime(_start))));

    public void Wrote() => _output.Show(() => Console.Out.WriteLine($"Written to {folder}"));

    public void Dispose() { }
}
