using System.Diagnostics;
using AutoPeft.Cli.Terminal;
using AutoPeft.Pareto;
using AutoPeft.Studies;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AutoPeft.Cli.Sweeps;

/// <summary>What is running where, trials done and to come, time left, the hypervolume and the front, redrawn in place.</summary>
internal sealed class LiveSweepDisplay : ISweepDisplay
{
    private const int FrontRows = 10;

    private readonly string _folder;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly SortedDictionary<string, (Trial Trial, long Since, string Last)> _running = new(StringComparer.Ordinal);
    private readonly ProgressOutput _output = new();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _drawing;
    private readonly RunningQuality _quality = new();
    private int _endedBefore = -1;
    private long _takeFrom;
    private Snapshot _snapshot = new([], 0, null, 0, 0, 0, 0, 0, "", 0, []);

    private sealed record Snapshot(string[] Objectives, int Ended, int? Budget, int Front, int Failed, int Pruned, int Paused, int Waiting,
        string QualityName, double Quality, IReadOnlyList<string[]> Rows);

    public LiveSweepDisplay(string folder)
    {
        _folder = folder;
        _drawing = Task.Run(DrawAsync);
    }

    public void Started(IStudyView study, Trial trial)
    {
        lock (_lock)
        {
            if (_endedBefore < 0) _endedBefore = study.Trials.Count - study.PendingCount;
            _running[trial.Device!] = (trial, Stopwatch.GetTimestamp(), "");
        }
        Take(study);
    }

    public void Reported(IStudyView study, Trial trial)
    {
        Report last = trial.Reports[^1];
        string text =
            $"step {last.Step}: " + string.Join(", ", last.Metrics.Take(3).Select(m => $"{m.Key} {SweepDisplay.Number(m.Value)}"));
        lock (_lock)
            if (trial.Device is { } d && _running.TryGetValue(d, out var r)) _running[d] = r with { Last = text };
    }

    public void Ended(IStudyView study, Trial trial)
    {
        lock (_lock)
            if (trial.Device is { } d) _running.Remove(d);
        Take(study);
    }

    public void Close(IStudyView study, double busy)
    {
        _takeFrom = 0;
        Take(study);
        _closing.Cancel();
        _drawing.Wait();
        _output.Show(() => AnsiConsole.MarkupLineInterpolated($"{SweepDisplay.Summary(study, busy, Stopwatch.GetElapsedTime(_start))}"));
    }

    public void Wrote() => _output.Show(() => AnsiConsole.MarkupLineInterpolated($"Written to {_folder}"));

    public void Dispose()
    {
        _closing.Cancel();
        _drawing.Wait();
        _closing.Dispose();
    }

    /// <summary>
    /// Takes a picture of the study, as often as costs a twentieth of the time: the larger the study, the longer one look at the whole of
    /// it takes.
    /// </summary>
    private void Take(IStudyView study)
    {
        long start = Stopwatch.GetTimestamp();
        if (start < _takeFrom) return;
        IReadOnlyList<Trial> front = ParetoFront.Of(study);
        IEnumerable<Trial> shown =
            front.Count <= FrontRows ? front : Enumerable.Range(0, FrontRows).Select(i => front[i * (front.Count - 1) / (FrontRows - 1)]);
        var snapshot = new Snapshot(
            [.. study.Definition.Objectives.Select(o => o.Name)],
            study.Trials.Count - study.PendingCount, study.Definition.Budget, front.Count,
            study.Trials.Count(t => t.State == TrialState.Failed),
            study.Trials.Count(t => t.State == TrialState.Pruned), study.PausedCount,
            study.Trials.Count(t => t.State == TrialState.Waiting), SweepDisplay.QualityName(study), _quality.Of(study),
            [.. shown.Select(t => (string[])[t.Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
                .. t.Values.Select(SweepDisplay.Number), SweepDisplay.Short(t.Configuration, 60)])]);
        lock (_lock) _snapshot = snapshot;
        long end = Stopwatch.GetTimestamp();
        _takeFrom = end + 20 * (end - start);
    }

    // On a thread of its own, whose failure ends nothing.
    private Task DrawAsync()
    {
        _output.Show(() => DrawOnAsync().GetAwaiter().GetResult());
        return Task.CompletedTask;
    }

    private async Task DrawOnAsync()
    {
        await AnsiConsole.Live(new Text("")).AutoClear(false).StartAsync(async live =>
        {
            while (!_closing.IsCancellationRequested)
            {
                live.UpdateTarget(Draw());
                live.Refresh();
                try { await Task.Delay(500, _closing.Token).ConfigureAwait(false); }
                catch (OperationCanceledException) { }
            }
            live.UpdateTarget(Draw());
            live.Refresh();
        }).ConfigureAwait(false);
    }

    private Rows Draw()
    {
        lock (_lock)
        {
            Snapshot s = _snapshot;
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
            int here = s.Ended - Math.Max(0, _endedBefore);
            string left = here > 0 && s.Budget is { } b ? SweepDisplay.Time(elapsed * (b - s.Ended) / here) + " left" : "";
            int width = 40, filled = s.Budget is > 0 ? s.Ended * width / s.Budget.Value : 0;
            var parts = new List<IRenderable>
            {
                new Markup($"[green]{new string('━', filled)}[/][grey]{new string('━', width - filled)}[/] "
                    + $"{s.Ended}/{s.Budget} trials  "
                    + $"{SweepDisplay.Time(elapsed)}  {left}  front {s.Front}  {s.QualityName} "
                    + $"{SweepDisplay.Number(s.Quality)}{(s.Pruned > 0
                        ? $"  {s.Pruned} pruned"
                        : "")}{(s.Paused > 0 ? $"  {s.Paused} paused" : "")}{(s.Failed > 0 ? $"  [red]{s.Failed} failed[/]" : "")}"),
            };
            Table running = new Table().Border(TableBorder.None)
                .AddColumns("[grey]device[/]", "[grey]trial[/]", "[grey]for[/]", "[grey]configuration[/]", "[grey]last report[/]");
            foreach ((string device, (Trial trial, long since, string last)) in _running)
                running.AddRow(Markup.Escape(device), trial.Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    SweepDisplay.Time(Stopwatch.GetElapsedTime(since)), Markup.Escape(SweepDisplay.Short(trial.Configuration, 48)),
                    Markup.Escape(last));
            if (_running.Count > 0) parts.Add(running);
            Table front = new Table().Border(TableBorder.None).AddColumn("[grey]front[/]");
            foreach (string o in s.Objectives) front.AddColumn(new TableColumn($"[grey]{Markup.Escape(o)}[/]").RightAligned());
            front.AddColumn("[grey]configuration[/]");
            foreach (string[] row in s.Rows) front.AddRow([.. row.Select(c => (IRenderable)new Text(c))]);
            if (s.Rows.Count > 0) parts.Add(front);
            return new Rows(parts);
        }
    }
}
