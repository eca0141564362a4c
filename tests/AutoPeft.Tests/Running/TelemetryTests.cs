using System.Diagnostics;
using System.Diagnostics.Metrics;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Tests.Running;

/// <summary>What a listener hears of a sweep. Other tests run beside these, so everything is told apart by the study's name.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly string _name = $"telemetry-{Guid.NewGuid():N}";
    private readonly List<Activity> _spans = [];
    private readonly List<(string Instrument, double Value, Dictionary<string, object?> Tags)> _measured = [];
    private readonly ActivityListener _tracing;
    private readonly MeterListener _metering = new();

    public TelemetryTests()
    {
        _tracing = new ActivityListener
        {
            ShouldListenTo = s => s.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a =>
            {
                if ((string?)a.GetTagItem("autopeft.study.name") != _name) return;
                lock (_spans) _spans.Add(a);
            },
        };
        ActivitySource.AddActivityListener(_tracing);
        _metering.InstrumentPublished = (i, listener) =>
        {
            if (i.Meter.Name == Telemetry.Name) listener.EnableMeasurementEvents(i);
        };
        _metering.SetMeasurementEventCallback<long>((i, v, tags, _) => Keep(i, v, tags));
        _metering.SetMeasurementEventCallback<double>((i, v, tags, _) => Keep(i, v, tags));
        _metering.Start();
    }

    public void Dispose()
    {
        _tracing.Dispose();
        _metering.Dispose();
    }

    [Fact]
    public async Task A_sweep_is_one_study_span_with_a_trial_span_for_every_attempt_and_an_ask_span_for_every_proposal()
    {
        await RunAsync(6);
        Activity study = Assert.Single(_spans, s => s.OperationName == "study");
        Activity[] trials = [.. _spans.Where(s => s.OperationName == "trial")];
        Assert.Equal([0, 1, 2, 3, 4, 5], trials.Select(t => (int)t.GetTagItem("autopeft.trial.number")!).Order());
        Assert.All(trials, t => Assert.Equal(study.SpanId, t.ParentSpanId));
        Assert.All(trials, t => Assert.Equal(1, t.GetTagItem("autopeft.trial.attempt")));
        Assert.All(trials, t => Assert.StartsWith("cpu:", (string)t.GetTagItem("autopeft.device")!, StringComparison.Ordinal));
        Activity failed = Assert.Single(trials, t => t.Status == ActivityStatusCode.Error);
        Assert.Equal((3, "failed"), ((int)failed.GetTagItem("autopeft.trial.number")!, failed.GetTagItem("autopeft.trial.state")));
        // Workers that wait at once are served by one call, and a call whose append came second is made again: never more than asked for.
        Activity[] asks = [.. _spans.Where(s => s.OperationName == "ask")];
        Assert.All(asks, a => Assert.Equal("random", a.GetTagItem("autopeft.study.sampler")));
        Assert.All(asks, a => Assert.Equal(a.GetTagItem("autopeft.ask.count"), a.GetTagItem("autopeft.ask.proposed")));
        Assert.All(asks, a => Assert.InRange((int)a.GetTagItem("autopeft.ask.count")!, 1, 2));
        Assert.True(asks.Sum(a => (int)a.GetTagItem("autopeft.ask.proposed")!) >= 6);
    }

    [Fact]
    public async Task Trials_are_counted_and_timed_by_how_they_ended()
    {
        await RunAsync(6);
        Assert.Equal(5, Sum("autopeft.trials", "completed"));
        Assert.Equal(1, Sum("autopeft.trials", "failed"));
        double[] durations = [.. Of("autopeft.trial.duration").Select(m => m.Value)];
        Assert.Equal(6, durations.Length);
        Assert.All(durations, d => Assert.InRange(d, 0, 60));
        Assert.Equal(6, Of("autopeft.trial.reports").Sum(m => m.Value));
        Assert.All(Of("autopeft.ask.duration"), m => Assert.InRange(m.Value, 0, 60));
    }

    [Fact]
    public async Task A_trial_that_goes_back_to_the_queue_is_counted_as_requeued_and_again_when_it_ends()
    {
        await using var store = new MemoryStore();
        await using StudySession session = await SessionSteps.CreateAsync(Definition(1), new RandomSampler(), store);
        await session.AskAsync(1);
        await session.TakeWaitingAsync("w", "cpu:0");
        await session.RequeueAsync(0, "gone");
        await session.TakeWaitingAsync("w", "cpu:0");
        await session.CompleteAsync(0, [1]);
        Assert.Equal(1, Sum("autopeft.trials", "requeued"));
        Assert.Equal(1, Sum("autopeft.trials", "completed"));
    }

    [Fact]
    public async Task Every_slot_that_became_busy_becomes_free()
    {
        // A device kind of this test's own, since this instrument does not name the study.
        await RunAsync(6, kind: _name);
        double[] changes = [.. _measured.Where(
            m => m.Instrument == "autopeft.slots.busy" && (string?)m.Tags["autopeft.device.kind"] == _name).Select(m => m.Value)];
        Assert.Equal(12, changes.Length);
        Assert.Equal(0, changes.Sum());
    }

    [Fact]
    public async Task No_configuration_and_no_error_text_leaves_the_process()
    {
        await RunAsync(6);
        string all = string.Join('\n', _spans.SelectMany(s => s.TagObjects.Select(t => $"{t.Key}={t.Value}").Append(s.StatusDescription)));
        Assert.DoesNotContain("secret path", all, StringComparison.Ordinal);
        Assert.DoesNotContain("x=", all, StringComparison.Ordinal);
    }

    private StudyDefinition Definition(int budget) =>
        new(SearchSpace.Build(b => b.Float("x", 0, 1)), [Objective.Minimize("y")]) { Name = _name, Sampler = "random", Budget = budget };

    private async Task RunAsync(int budget, string kind = "cpu")
    {
        await using var store = new MemoryStore();
        await using StudySession session = await SessionSteps.CreateAsync(Definition(budget), new RandomSampler(), store);
        IWorker[] workers = [.. Enumerable.Range(0, 2).Select(i => new InProcessWorker(new Runner(), new DeviceSlot(kind, i, 1)))];
        await session.RunAsync(workers);
    }

    private IEnumerable<(double Value, Dictionary<string, object?> Tags)> Of(string instrument)
    {
        lock (_measured)
            return [.. _measured.Where(m => m.Instrument == instrument && (string?)m.Tags.GetValueOrDefault("autopeft.study.name") == _name)
                .Select(m => (m.Value, m.Tags))];
    }

    private double Sum(string instrument, string state) =>
        Of(instrument).Where(m => (string?)m.Tags["autopeft.trial.state"] == state).Sum(m => m.Value);

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var kept = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string key, object? tag) in tags) kept[key] = tag;
        lock (_measured) _measured.Add((instrument.Name, value, kept));
    }

    /// <summary>Trial 3 fails; all report once.</summary>
    private sealed class Runner : ITrialRunner
    {
        public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            await reporter.ReportAsync(1, new Dictionary<string, double> { ["y"] = 1 }, cancellationToken);
            return trial.Number == 3
                ? throw new InvalidOperationException("a secret path")
                : TrialOutcome.Of(trial.Configuration.GetDouble("x"));
        }
    }
}
