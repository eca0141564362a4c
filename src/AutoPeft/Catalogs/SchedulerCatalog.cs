using AutoPeft.Population;
using AutoPeft.Scheduling;
using AutoPeft.TaskSets;

namespace AutoPeft.Catalogs;

/// <summary>Schedulers by the names that people type: a name, then options as in <c>asha:min=1,eta=4,max=16,metric=dev_score</c>.</summary>
public static class SchedulerCatalog
{
    private static readonly (string Name, Func<OptionText, IScheduler> Make)[] Known =
    [
        ("none", _ => new RunToEnd()),
        ("asha", t => new AshaScheduler(Halving(t, stopping: true))),
        ("hyperband", t => new HyperbandScheduler(Halving(t, stopping: true))),
        ("halving",
            t => new SuccessiveHalvingScheduler(Halving(t, stopping: false),
                t.Whole("cohort", 2) is { } n ? checked((int)Math.Min(n, int.MaxValue)) : null)),
        (PopulationScheduler.Id, t => new PopulationScheduler(PopulationOptions.Read(t))),
        ("median", t => new PercentilePruner(Percentile(t, 50), "median")),
        ("percentile",
            t => new PercentilePruner(Percentile(t, t.Number("keep", k => k is > 0 and < 100, "a percentage between 0 and 100") ?? 25))),
        ("patience",
            t => new PatiencePruner(new PatienceOptions
            {
                Reports = t.Count("reports", 5),
                MinDelta = t.Number("min-delta", d => d >= 0, "a number from 0") ?? 0,
                Measure = t.Measure(),
            })),
        ("threshold", Threshold),
        ("wilcoxon",
            t => new WilcoxonPruner(new WilcoxonOptions { P = Probability(t, 0.1), Min = t.Count("min", 4, 2), Measure = t.Measure() })),
        ("race", t => new TaskRaceScheduler(new TaskRaceOptions
        {
            Aggregate = t.Text("aggregate") is { } a ? TaskAggregate.Parse(a) : TaskAggregate.Default,
            P = Probability(t, 0.05),
            Min = t.Count("min", 3, 2),
            Startup = t.Count("startup", 8),
            Slack = t.Number("slack", s => s >= 0, "a number from 0") ?? 0.25,
            Predict = t.Number("predict", p => p is > 0 and < 0.5, "a probability below 0.5"),
            Measure = t.Measure(),
        })),
        ("curve", t => new CurvePruner(new CurveOptions
        {
            P = Probability(t, 0.05),
            Startup = t.Count("startup", 8, 4),
            Min = t.Whole("min") ?? 1,
            Max = t.Whole("max", 2),
            Pausing = t.Choice("mode", "pause", "pause", "stop") == "pause",
            Risk = t.Number("risk", r => r > 0, "a number above 0") ?? 0.05,
            Configurations = t.Choice("by", "all", "all", "curve") == "all",
            PauseP = t.Number("pause-p", p => p is > 0 and < 1, "a probability between 0 and 1") ?? 0.5,
            Measure = t.Measure(),
        })),
    ];

    /// <summary>Names of the schedulers that a person can choose, "none" first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Name)];

    /// <summary>Makes the scheduler that <paramref name="text"/> says.</summary>
    /// <exception cref="InvalidInputException">There is none of that name, or an option is unknown or makes no sense.</exception>
    public static IScheduler Create(string text)
    {
        var parsed = new OptionText(text, "Scheduler");
        foreach ((string known, Func<OptionText, IScheduler> make) in Known)
            if (known == parsed.Name) return parsed.Done(make(parsed));
        throw new InvalidInputException($"There is no scheduler '{parsed.Name}'; there are {string.Join(", ", Names)}.");
    }

    private static AshaOptions Halving(OptionText t, bool stopping)
    {
        var o = new AshaOptions
        {
            Min = t.Whole("min") ?? 1,
            Eta = t.Count("eta", AshaOptions.StandardEta, 2),
            Max = t.Whole("max", 2),
            Stopping = stopping && t.Choice("mode", "pause", "pause", "stop") == "stop",
            Measure = t.Measure(),
        };
        return o.Max <= o.Min ? throw new InvalidInputException($"Scheduler '{t.Name}': max ({o.Max}) has to be above min ({o.Min}).") : o;
    }

    private static PercentileOptions Percentile(OptionText t, double keep) =>
        new()
        {
            Keep = keep,
            Startup = t.Count("startup", 5),
            Min = t.Whole("min") ?? 1,
            Interval = t.Whole("interval") ?? 1,
            Measure = t.Measure(),
        };

    private static ThresholdPruner Threshold(OptionText t)
    {
        string metric = t.Text("metric")
            ?? throw new InvalidInputException(
                "Scheduler 'threshold': option 'metric' is missing; name the reported metric that is watched.");
        return new ThresholdPruner(new ThresholdOptions
        {
            Metric = metric,
            Upper = t.Number("upper", _ => true, "a number"),
            Lower = t.Number("lower", _ => true, "a number"),
            Min = t.Whole("min") ?? 1,
        });
    }

    private static double Probability(OptionText t, double standard) =>
        t.Number("p", p => p is > 0 and < 1, "a probability between 0 and 1") ?? standard;
}
