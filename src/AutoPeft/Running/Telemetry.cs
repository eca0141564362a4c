using System.Diagnostics;
using System.Diagnostics.Metrics;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// What OpenTelemetry sees of AutoPeft, under the name <see cref="Name"/> for both: <c>tracing.AddSource(Telemetry.Name)</c>,
/// <c>metrics.AddMeter(Telemetry.Name)</c>, or <c>dotnet-counters monitor --counters AutoPeft</c>. Nothing is recorded, and next to nothing
/// costs, while nobody listens. No parameter's value and no error's text is ever recorded.
/// <list type="table">
/// <listheader><term>Span</term><description>Tags</description></listheader>
/// <item><term>study</term><description>One run of a host. autopeft.study.name, autopeft.study.sampler,
/// autopeft.workers</description></item>
/// <item><term>ask</term><description>One call of the sampler. autopeft.study.name, autopeft.study.sampler, autopeft.ask.count (asked for),
/// autopeft.ask.proposed (given)</description></item>
/// <item><term>trial</term><description>One attempt of a trial on a slot; child of study. autopeft.study.name, autopeft.trial.number,
/// autopeft.trial.attempt, autopeft.worker, autopeft.device, autopeft.trial.state (how it ended); its status is an error where it
/// failed</description></item>
/// </list>
/// <list type="table">
/// <listheader><term>Instrument</term><description>Kind, unit, tags</description></listheader>
/// <item><term>autopeft.trials</term><description>counter, {trial}: trials that ended or went back to the queue, by autopeft.trial.state
/// (completed, failed, pruned, paused, requeued) and autopeft.study.name</description></item>
/// <item><term>autopeft.trial.duration</term><description>histogram, s: from start to end of the last attempt, by the
/// same</description></item>
/// <item><term>autopeft.trial.reports</term><description>counter, {report}: intermediate reports, by
/// autopeft.study.name</description></item>
/// <item><term>autopeft.ask.duration</term><description>histogram, s: by autopeft.study.sampler and
/// autopeft.study.name</description></item>
/// <item><term>autopeft.slots.busy</term><description>up-down counter, {slot}: slots that run a trial now, by
/// autopeft.device.kind</description></item>
/// </list>
/// Counted is what this process appends to a log: of several processes on one study each counts its own. Thread-safe.
/// </summary>
internal static class Telemetry
{
    /// <summary>Of the activity source and of the meter.</summary>
    public const string Name = "AutoPeft";

    // What people wait for ranges from test problems (milliseconds) to training runs (hours).
    private static readonly InstrumentAdvice<double> Durations =
        new() { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400, 43200] };

    private static readonly string? Version = typeof(Telemetry).Assembly.GetName().Version?.ToString(3);
    private static readonly ActivitySource Source = new(Name, Version);
    private static readonly Meter Meter = new(Name, Version);
    private static readonly Counter<long> Trials =
        Meter.CreateCounter<long>("autopeft.trials", "{trial}", "Trials that ended or went back to the queue.");
    private static readonly Counter<long> Reports =
        Meter.CreateCounter<long>("autopeft.trial.reports", "{report}", "Intermediate reports.");
    private static readonly Histogram<double> TrialDuration =
        Meter.CreateHistogram("autopeft.trial.duration", "s", "From start to end of a trial's last attempt.", tags: null, Durations);
    private static readonly Histogram<double> AskDuration =
        Meter.CreateHistogram("autopeft.ask.duration", "s", "One call of the sampler.", tags: null, Durations);
    private static readonly UpDownCounter<long> BusySlots =
        Meter.CreateUpDownCounter<long>("autopeft.slots.busy", "{slot}", "Slots that run a trial now.");

    internal static Activity? Study(StudyDefinition study, int workers)
    {
        Activity? span = Source.StartActivity("study");
        span?.SetTag("autopeft.study.name", study.Name).SetTag("autopeft.study.sampler", study.Sampler).SetTag("autopeft.workers", workers);
        return span;
    }

    internal static AskSpan Ask(StudyDefinition study, int count)
    {
        Activity? span = Source.StartActivity("ask");
        span?.SetTag("autopeft.study.name", study.Name).SetTag("autopeft.study.sampler", study.Sampler).SetTag("autopeft.ask.count", count);
        return new AskSpan(span, study);
    }

    internal static TrialSpan Trial(StudyDefinition study, TrialAssignment trial, string worker)
    {
        Activity? span = Source.StartActivity("trial");
        span?.SetTag("autopeft.study.name", study.Name).SetTag("autopeft.trial.number", trial.Number).SetTag("autopeft.trial.attempt",
            trial.Attempt)
            .SetTag("autopeft.worker", worker).SetTag("autopeft.device", trial.Device.ToString());
        BusySlots.Add(1, new KeyValuePair<string, object?>("autopeft.device.kind", trial.Device.Kind));
        return new TrialSpan(span, trial.Device.Kind);
    }

    /// <summary>Counts a record that this process appended, after the fold took it.</summary>
    internal static void Appended(IStudyView study, StudyEvent e)
    {
        if (e is TrialReported)
        {
            Reports.Add(1, new KeyValuePair<string, object?>("autopeft.study.name", study.Definition.Name));
            return;
        }
        string? state = e switch
        {
            TrialCompleted => "completed",
            TrialFailed => "failed",
            TrialPruned => "pruned",
            TrialPaused => "paused",
            TrialRequeued => "requeued",
            _ => null,
        };
        if (state is null || !(Trials.Enabled || TrialDuration.Enabled)) return;
        TagList tags = new() { { "autopeft.trial.state", state }, { "autopeft.study.name", study.Definition.Name } };
        Trials.Add(1, tags);
        if (study.Trials[((TrialEvent)e).Number].Seconds is { } seconds) TrialDuration.Record(seconds, tags);
    }

    /// <summary>An ask under way; one that does not come to <see cref="Proposed"/> failed.</summary>
    internal sealed class AskSpan(Activity? span, StudyDefinition study) : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        /// <summary>How many proposals came.</summary>
        public int? Proposed { get; set; }

        public void Dispose()
        {
            if (Proposed is { } n) span?.SetTag("autopeft.ask.proposed", n);
            else span?.SetStatus(ActivityStatusCode.Error);
            span?.Dispose();
            AskDuration.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, new("autopeft.study.sampler", study.Sampler),
                new("autopeft.study.name", study.Name));
        }
    }

    /// <summary>A trial under way on a slot.</summary>
    internal sealed class TrialSpan(Activity? span, string kind) : IDisposable
    {
        private AttemptEnd? _end;

        /// <summary>Says how the attempt ended; one that says nothing was superseded.</summary>
        public AttemptEnd Ended(AttemptEnd end) => _end = end;

        public void Dispose()
        {
            BusySlots.Add(-1, new KeyValuePair<string, object?>("autopeft.device.kind", kind));
            if (span is null) return;
            span.SetTag("autopeft.trial.state", _end switch
            {
                AttemptEnd.CompletedEnd => "completed",
                AttemptEnd.FailedEnd or AttemptEnd.OutOfMemory { Beside: false } => "failed",
                AttemptEnd.LeftEnd { Paused: true } => "paused",
                AttemptEnd.LeftEnd => "pruned",
                null => "superseded",
                _ => "requeued",
            });
            if (_end is AttemptEnd.FailedEnd or AttemptEnd.OutOfMemory { Beside: false }) span.SetStatus(ActivityStatusCode.Error);
            span.Dispose();
        }
    }
}
