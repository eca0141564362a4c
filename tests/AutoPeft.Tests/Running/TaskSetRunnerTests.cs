using System.Collections.Immutable;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TaskSets;
using AutoPeft.Tests.Studies;

namespace AutoPeft.Tests.Running;

/// <summary>One configuration for many tasks.</summary>
public sealed class TaskSetRunnerTests : IDisposable
{
    private static readonly SearchSpace Space = SearchSpace.Build(b => b.Float("x", 0, 1));

    private static readonly DeviceSlot Slot = new("cpu", 0, 1);

    private readonly string _directory = StudyFixture.TemporaryDirectory();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static StudyDefinition Definition(params Objective[] objectives) =>
        new(Space, objectives.Length == 0 ? [Objective.Minimize("loss")] : objectives);

    private static TaskSetOptions Options(TaskAggregate? aggregate = null, params string[] tasks) =>
        new() { Tasks = [.. tasks.Select(t => (SetTask)t)], Aggregate = aggregate ?? TaskAggregate.Worst };

    private TrialAssignment Assignment(ulong seed = 11, long? resumeFrom = null, double x = 0.5) =>
        new(0, Space.FromValues(new Dictionary<string, object?> { ["x"] = x }), seed, 1, Slot, Path.Combine(_directory, "trial-00000"),
            resumeFrom);

    private sealed class Task1(Func<TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>> run) : ITrialRunner
    {
        public int Runs { get; private set; }

        public List<TrialAssignment> Seen { get; } = [];

        public static Task1 Giving(params double[] values) => new((_, _, _) => Task.FromResult(TrialOutcome.Of(values)));

        public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            Runs++;
            Seen.Add(trial);
            return await run(trial, reporter, cancellationToken);
        }
    }

    private sealed class Recorder(Func<long, Decision>? decide = null) : ITrialReporter
    {
        public List<(long Step, ImmutableSortedDictionary<string, double> Metrics)> Reports { get; } = [];

        public int Beats { get; private set; }

        public ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics, CancellationToken cancellationToken)
        {
            Reports.Add((step, metrics.ToImmutableSortedDictionary()));
            return ValueTask.FromResult(decide?.Invoke(step) ?? Decision.Continue);
        }

        public void Heartbeat() => Beats++;
    }

    [Fact]
    public async Task A_trial_runs_every_task_gives_one_score_and_keeps_each_tasks_result()
    {
        var runner = new TaskSetRunner(Definition(), Options(TaskAggregate.Worst, "a", "b", "c"),
            [Task1.Giving(0.2), Task1.Giving(0.7), Task1.Giving(0.4)]);
        var recorder = new Recorder();
        TrialOutcome outcome = await runner.RunAsync(Assignment(), recorder, default);
        Assert.Equal([0.7], outcome.Values.AsEnumerable());
        Assert.Equal((0.2, 0.7, 0.4), (outcome.Metrics["loss@a"], outcome.Metrics["loss@b"], outcome.Metrics["loss@c"]));
        Assert.Equal([1L, 2, 3], recorder.Reports.Select(r => r.Step));
        Assert.Equal([0.2, 0.7, 0.7], recorder.Reports.Select(r => r.Metrics["loss"]));
        Assert.Equal([0.2, 0.7, 0.4], recorder.Reports.Select(r => r.Metrics[StepMetric.Of("loss")]));
        Assert.Equal(0.4, recorder.Reports[2].Metrics["loss@c"]);
    }

    [Fact]
    public async Task An_interruption_in_the_second_task_does_not_lose_the_first_ones_result()
    {
        var cancel = new CancellationTokenSource();
        bool interrupt = true;
        Task1 first = Task1.Giving(0.123456789012345678), second = new((_, _, token) =>
        {
            if (interrupt) cancel.Cancel();
            token.ThrowIfCancellationRequested();
            return Task.FromResult(TrialOutcome.Of(0.3));
        });
        var runner = new TaskSetRunner(Definition(), Options(null, "a", "b"), [first, second]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runner.RunAsync(Assignment(), new Recorder(), cancel.Token));
        interrupt = false;
        var recorder = new Recorder();
        TrialOutcome outcome = await new TaskSetRunner(Definition(), Options(null, "a", "b"), [first, second])
            .RunAsync(Assignment() with { Attempt = 2 }, recorder, default);
        Assert.Equal((1, 2), (first.Runs, second.Runs));
        Assert.Equal(0.123456789012345678, outcome.Metrics["loss@a"]);
        Assert.Equal([0.3], outcome.Values.AsEnumerable());
        // The host may have lost the first task's report, and hears it again.
        Assert.Equal([1L, 2], recorder.Reports.Select(r => r.Step));
    }

    [Fact]
    public async Task A_trial_that_was_paused_after_a_task_goes_on_with_the_next_and_reports_nothing_twice()
    {
        Task1 a = Task1.Giving(1), b = Task1.Giving(2);
        var runner = new TaskSetRunner(Definition(), Options(null, "a", "b"), [a, b]);
        TrialStoppedException stopped = await Assert.ThrowsAsync<TrialStoppedException>(
            () => runner.RunAsync(Assignment(), new Recorder(_ => Decision.Pause), default));
        Assert.Equal((1L, 0), (stopped.Step, b.Runs));
        var recorder = new Recorder();
        await runner.RunAsync(Assignment(resumeFrom: 1), recorder, default);
        Assert.Equal((1, 1), (a.Runs, b.Runs));
        Assert.Equal([2L], recorder.Reports.Select(r => r.Step));
    }

    [Theory]
    [InlineData("seed"), InlineData("configuration"), InlineData("torn"), InlineData("one digit")]
    public async Task A_result_of_another_run_or_a_damaged_one_is_not_taken_for_this_ones(string what)
    {
        Task1 a = Task1.Giving(1);
        var runner = new TaskSetRunner(Definition(), Options(null, "a"), [a]);
        await runner.RunAsync(Assignment(), new Recorder(), default);
        string file = Directory.GetFiles(_directory, "result.json", SearchOption.AllDirectories).Single(), text = File.ReadAllText(file);
        if (what == "torn") File.WriteAllText(file, text[..20]);
        if (what == "one digit") File.WriteAllText(file, text.Replace("\"values\":[1", "\"values\":[3", StringComparison.Ordinal));
        Assert.Equal(what is "torn" or "one digit", File.ReadAllText(file) != text);
        await runner.RunAsync(what switch { "seed" => Assignment(seed: 12), "configuration" => Assignment(x: 0.25), _ => Assignment() },
            new Recorder(), default);
        Assert.Equal(2, a.Runs);
    }

    [Fact]
    public async Task Each_task_has_a_seed_and_a_directory_of_its_own_whatever_the_order_and_the_company()
    {
        Task1 a = Task1.Giving(1), b = Task1.Giving(1), again = Task1.Giving(1);
        await new TaskSetRunner(Definition(), Options(null, "a", "tsv:data/b;train=3"), [a, b])
            .RunAsync(Assignment(), new Recorder(), default);
        Directory.Delete(Path.Combine(_directory, "trial-00000"), recursive: true);
        await new TaskSetRunner(Definition(), Options(null, "tsv:data/b;train=3"), [again]).RunAsync(Assignment(), new Recorder(), default);
        Assert.NotEqual(a.Seen[0].Seed, b.Seen[0].Seed);
        Assert.NotEqual(a.Seen[0].WorkDirectory, b.Seen[0].WorkDirectory);
        Assert.Equal((b.Seen[0].Seed, b.Seen[0].WorkDirectory), (again.Seen[0].Seed, again.Seen[0].WorkDirectory));
        // A part of every log from now on.
        Assert.Equal(TaskSetRunner.SeedOf(11, "a"), a.Seen[0].Seed);
        Assert.NotEqual(TaskSetRunner.SeedOf(12, "a"), a.Seen[0].Seed);
    }

    [Fact]
    public async Task What_a_scheduler_says_after_the_last_task_comes_too_late_to_throw_the_result_away()
    {
        var runner = new TaskSetRunner(Definition(), Options(null, "a", "b"), [Task1.Giving(1), Task1.Giving(2)]);
        Assert.Equal([2.0],
            (await runner.RunAsync(Assignment(), new Recorder(step => step == 2 ? Decision.Stop : Decision.Continue), default)).Values
                .AsEnumerable());
        Directory.Delete(_directory, recursive: true);
        await Assert.ThrowsAsync<TrialStoppedException>(() => runner.RunAsync(Assignment(), new Recorder(_ => Decision.Stop), default));
    }

    [Fact]
    public async Task A_task_that_fails_or_gives_no_number_fails_the_trial_by_its_name()
    {
        Task1 broken = new((_, _, _) => throw new OutOfMemoryException("CUDA out of memory"));
        TaskFailedException failed = await Assert.ThrowsAsync<TaskFailedException>(() => new TaskSetRunner(Definition(),
            Options(null, "a", "b"), [Task1.Giving(1), broken]).RunAsync(Assignment(), new Recorder(), default));
        Assert.Contains("task 'b'", failed.Message, StringComparison.Ordinal);
        Assert.True(OutOfMemory.Is(failed));
        failed = await Assert.ThrowsAsync<TaskFailedException>(() => new TaskSetRunner(Definition(), Options(null, "c"),
            [Task1.Giving(double.NaN)]).RunAsync(Assignment(), new Recorder(), default));
        Assert.Contains("task 'c': objective 'loss' came back NaN", failed.Message, StringComparison.Ordinal);
        failed = await Assert.ThrowsAsync<TaskFailedException>(() =>
            new TaskSetRunner(Definition(), Options(null, "c"), [Task1.Giving(1, 2)]).RunAsync(Assignment(), new Recorder(), default));
        Assert.Contains("2 value(s)", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Objectives_are_aggregated_the_way_that_makes_larger_worse_and_on_the_tasks_own_scales()
    {
        StudyDefinition study = Definition(Objective.Maximize("normalized"), Objective.Minimize("parameters") with { Log = true });
        var options = new TaskSetOptions
        {
            Tasks = [new SetTask("a", [new TaskScale(0.5, 1), null]), new SetTask("b", [new TaskScale(0.9, 1), null])],
            Aggregate = TaskAggregate.Worst,
            Measured = ["accuracy", "parameters"],
        };
        TrialOutcome outcome = await new TaskSetRunner(study, options, [Task1.Giving(0.75, 100), Task1.Giving(0.92, 1000)])
            .RunAsync(Assignment(), new Recorder(), default);
        // 0.75 is half of the way from 0.5 to 1, and 0.92 a fifth from 0.9.
        Assert.Equal(0.2, outcome.Values[0], 12);
        Assert.Equal(1000, outcome.Values[1], 9);
        // Without a name for it, what was measured does not hide what is aggregated.
        TrialOutcome unnamed = await new TaskSetRunner(study, options with { Measured = [] },
            [Task1.Giving(0.75, 100), Task1.Giving(0.92, 1000)]).RunAsync(Assignment(seed: 13), new Recorder(), default);
        Assert.Equal((0.75, 100), (unnamed.Metrics["measured_normalized@a"], unnamed.Metrics["parameters@a"]));
        Assert.Equal(0.5, unnamed.Metrics["normalized@a"], 12);
        // What is the same on both tasks stays what it is, to the last bit: 10^log10(20992) is not 20992.
        var same = new TaskSetRunner(study, options, [Task1.Giving(0.75, 20992), Task1.Giving(0.92, 20992)]);
        Assert.Equal(20992, (await same.RunAsync(Assignment(seed: 12), new Recorder(), default)).Values[1]);
        Assert.Equal((0.75, 0.92), (outcome.Metrics["accuracy@a"], outcome.Metrics["accuracy@b"]));
        Assert.Equal(0.5, outcome.Metrics["normalized@a"], 12);
    }

    [Fact]
    public async Task An_outcome_constraint_takes_the_task_that_comes_closest_to_breaking_it()
    {
        var study = new StudyDefinition(Space, [Objective.Minimize("loss")],
            [new OutcomeConstraint("ms", Max: 20), new OutcomeConstraint("recall", Min: 0.5)]);
        TrialOutcome Give(double ms, double recall) =>
            new([1], [ms, recall], ImmutableSortedDictionary<string, double>.Empty.Add("note", ms));
        var runner = new TaskSetRunner(study, Options(TaskAggregate.Mean, "a", "b"),
            [new Task1((_, _, _) => Task.FromResult(Give(12, 0.6))), new Task1((_, _, _) => Task.FromResult(Give(17, 0.9)))]);
        TrialOutcome outcome = await runner.RunAsync(Assignment(), new Recorder(), default);
        Assert.Equal([17, 0.6], outcome.Outcomes.AsEnumerable());
        Assert.Equal((12, 0.9, 12), (outcome.Metrics["ms@a"], outcome.Metrics["recall@b"], outcome.Metrics["note@a"]));
    }

    [Fact]
    public async Task What_a_task_reports_on_its_way_is_a_sign_of_life()
    {
        var runner = new TaskSetRunner(Definition(), Options(null, "a"), [new Task1(async (_, reporter, token) =>
        {
            reporter.Heartbeat();
            Assert.Equal(Decision.Continue, await reporter.ReportAsync(1, new Dictionary<string, double> { ["loss"] = 9 }, token));
            return TrialOutcome.Of(1);
        })]);
        var recorder = new Recorder(_ => Decision.Stop);
        await runner.RunAsync(Assignment(), recorder, default);
        Assert.Equal((2, 1), (recorder.Beats, recorder.Reports.Count));
    }

    [Fact]
    public void Sets_that_make_no_sense_are_refused()
    {
        void Refused(TaskSetOptions options, string says, int runners = 1) =>
            Assert.Contains(says,
                Assert.Throws<InvalidInputException>(() => new TaskSetRunner(Definition(), options,
                    [.. Enumerable.Range(0, runners).Select(_ => Task1.Giving(1))])).Message, StringComparison.Ordinal);
        Refused(new TaskSetOptions { Tasks = [] }, "no task");
        Refused(Options(null, "a", "a"), "twice", 2);
        Refused(Options(null, "step"), "cannot be named");
        Refused(Options(null, "a", "b"), "1 runner(s) for 2 task(s)");
        Refused(new TaskSetOptions { Tasks = [new SetTask("a", [null, null])] }, "2 scale(s) for 1");
        Refused(new TaskSetOptions { Tasks = [new SetTask("a", [new TaskScale(0.5, 1)])] }, "worse than the reference");
        Refused(Options(null, "a") with { Measured = ["x", "y"] }, "measured");
    }

    [Fact]
    public async Task A_sweep_over_tasks_in_CSharp_finds_the_configuration_that_is_good_for_all_and_races()
    {
        // Each task has its own optimum; only the middle is tolerable on both ends.
        double[] optima = [0.1, 0.9, 0.5];
        int runs = 0;
        async Task<SweepResult<Configuration>> PlayAsync(string scheduler)
        {
            runs = 0;
            return await Sweep.Over(Space).Minimize("loss").Sampler("sobol").Trials(64).Scheduler(scheduler)
                .TrialDirectory(Path.Combine(_directory, scheduler[..4]))
                .RunAsync(Options(TaskAggregate.Worst, "0", "1", "2"), (c, task, _, _) =>
                {
                    runs++;
                    return Task.FromResult<double[]>([Math.Pow(c.GetDouble("x") - optima[int.Parse(task)], 2)]);
                });
        }
        SweepResult<Configuration> whole = await PlayAsync("none");
        Assert.Equal(3 * 64, runs);
        Assert.InRange(whole.Study.Completed.MinBy(t => t.Losses[0])!.Configuration.GetDouble("x"), 0.45, 0.55);
        SweepResult<Configuration> raced = await PlayAsync("race:aggregate=worst");
        Assert.True(runs <= 2 * 64, $"{runs} runs");
        Assert.Equal(whole.Study.Completed.Min(t => t.Losses[0]), raced.Study.Completed.Min(t => t.Losses[0]));
        Assert.Contains(raced.Study.Trials, t => t.State == TrialState.Pruned);
    }
}
