using System.Collections.Concurrent;
using AutoPeft.Analysis.Stopping;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.Tests.Studies;
using Microsoft.Extensions.Logging;

namespace AutoPeft.Tests.Running;

/// <summary>The typed way to search, as a person uses it from one run of a program to the next.</summary>
public sealed class SweepBuilderTests : IDisposable
{
    private readonly string _directory = StudyFixture.TemporaryDirectory();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Journal => Path.Combine(_directory, JournalStore.UsualName);

    [Fact]
    public async Task A_finished_study_goes_on_to_more_trials_with_those_that_it_has()
    {
        Assert.Equal(4, (await Quick().Journal(Journal).Trials(4).RunAsync(Error)).Study.Completed.Count);
        SweepResult<Point> more = await Quick().Journal(Journal).Trials(9).RunAsync(Error);
        Assert.Equal((9, 9), (more.Study.Completed.Count, more.Study.Definition.Budget));
        SweepResult<Point> whole = await Quick().Trials(9).RunAsync(Error);
        Assert.Equal(whole.Study.Trials.Select(t => t.Configuration), more.Study.Trials.Select(t => t.Configuration));
        // The number that the program had from the start says nothing new; neither does no number.
        Assert.Equal(9, (await Quick().Journal(Journal).Trials(4).RunAsync(Error)).Study.Trials.Count);
        Assert.Equal(9, (await Quick().Journal(Journal).RunAsync(Error)).Study.Trials.Count);
        string refused =
            (await Assert.ThrowsAsync<InvalidInputException>(() => Quick().Journal(Journal).Trials(6).RunAsync(Error))).Message;
        Assert.Contains("has made 9 trial(s); a budget of 6 is fewer", refused, StringComparison.Ordinal);
        refused =
            (await Assert.ThrowsAsync<InvalidInputException>(() =>
            Quick().Journal(Journal).Seed(5).Maximize("size").RunAsync(p => [0, 0]))).Message;
        Assert.Contains("seed 5 instead of 0", refused, StringComparison.Ordinal);
        Assert.Contains("objectives minimize error, maximize size instead of minimize error", refused, StringComparison.Ordinal);
        Assert.Equal(9, (await Study.OpenAsync(_directory)).Completed.Count);
    }

    [Fact]
    public async Task Two_objectives_that_are_reported_at_once_prune_what_is_worse_in_both()
    {
        SweepResult<Point> result = await Two().Scheduler("median:startup=2").Trials(12).RunAsync(async (p, trial, token) =>
        {
            for (int step = 1; step <= 3; step++) await trial.ReportAsync(step, [p.X, p.X * p.X], token);
            return [p.X, p.X * p.X];
        });
        Assert.Contains(result.Study.Trials, t => t.State == TrialState.Pruned);
        double best = result.Study.Completed.Min(t => t.Values[0]);
        Assert.All(result.Study.Trials.Where(t => t.State == TrialState.Pruned), t => Assert.True(t.Configuration.GetDouble("X") > best));
        Assert.Empty(result.Remarks);
    }

    [Fact]
    public async Task A_scheduler_that_never_had_what_it_reads_is_said_to_have_done_nothing()
    {
        SweepResult<Point> one = await Two().Scheduler("median").Trials(3).RunAsync(async (p, trial, token) =>
        {
            await trial.ReportAsync(1, "error", p.X, token);
            return [p.X, 1 - p.X];
        });
        Assert.Equal("scheduler 'median' never acted: it reads error and size, and no report had size; report every metric that it reads "
            + "at once", Assert.Single(one.Remarks));
        SweepResult<Point> none = await Two().Scheduler("asha").Trials(3).RunAsync((p, _, _) => Task.FromResult(new[] { p.X, 1 - p.X }));
        Assert.Contains("no trial reported anything", Assert.Single(none.Remarks), StringComparison.Ordinal);
        // Where it is known beforehand, it is refused.
        Assert.Contains("can never act",
            (await Assert.ThrowsAsync<InvalidInputException>(() => Two().Scheduler("asha").RunAsync(p => [p.X, 1 - p.X]))).Message,
            StringComparison.Ordinal);
        await Assert.ThrowsAsync<SweepFailedException>(() => Two().Trials(2).RunAsync(async (p, trial, token) =>
        {
            await trial.ReportAsync(1, [p.X], token);
            return [p.X, 0];
        }));
    }

    [Fact]
    public async Task An_exception_of_the_objective_is_with_the_result_the_logger_and_the_trials_directory_stack_and_all()
    {
        var log = new Lines();
        SweepResult<Point> result = await Quick().Trials(4).TrialDirectory(_directory).Logger(log).RunAsync((p, trial, _) =>
            trial.Assignment.Number == 2 ? throw new ArithmeticException("the matrix is singular") : Task.FromResult(new[] { p.X }));
        Assert.Equal("ArithmeticException: the matrix is singular", result.Study.Trials[2].Error);
        Exception kept = Assert.Single(result.Failures).Value;
        Assert.Contains(nameof(SweepBuilderTests), kept.StackTrace, StringComparison.Ordinal);
        Assert.Same(kept, Assert.Single(log.All, l => l.Exception is not null).Exception);
        string text =
            await File.ReadAllTextAsync(Directory.GetFiles(_directory, AttemptRunner.ErrorFile, SearchOption.AllDirectories).Single());
        Assert.Contains("the matrix is singular", text, StringComparison.Ordinal);
        Assert.Contains(nameof(SweepBuilderTests), text, StringComparison.Ordinal);
        Assert.Equal(["1 trial(s) failed; the commonest errors:", "  1 x ArithmeticException: the matrix is singular"], result.Remarks);
    }

    [Fact]
    public async Task A_sweep_of_which_every_trial_failed_throws_with_the_first_exception_inside_and_can_be_retried()
    {
        int calls = 0;
        SweepFailedException all = await Assert.ThrowsAsync<SweepFailedException>(() =>
            Quick().Journal(Journal).Trials(3).RunAsync(_ => throw new FileNotFoundException($"no file train-{calls++}.csv")));
        Assert.Equal("no file train-0.csv", Assert.IsType<FileNotFoundException>(all.InnerException).Message);
        // Errors that differ in a number alone are one.
        Assert.Equal((3, "FileNotFoundException: no file train-0.csv"), Assert.Single(all.Failures.Errors));
        SweepResult<Point> again = await Quick().Journal(Journal).RetryFailed().RunAsync(Error);
        Assert.Equal((3, 3), (again.Study.Trials.Count, again.Study.Completed.Count));
        Assert.All(again.Study.Trials, t => Assert.True(t.Attempt > 1));
    }

    [Fact]
    public async Task Where_there_is_no_best_trial_the_message_says_why()
    {
        SweepResult<Point> outside = await Quick().Constrain("latency", max: 1).Trials(2).RunAsync(p => [p.X, 5]);
        Assert.Contains("of 2 completed trial(s) none keeps the outcome constraints (latency)",
            Assert.Throws<InvalidOperationException>(() => outside.Best).Message, StringComparison.Ordinal);
        SweepResult<Point> pruned = await Quick().Scheduler(new StopAll()).Trials(2).RunAsync(async (p, trial, token) =>
        {
            await trial.ReportAsync(1, [p.X], token);
            return [p.X];
        });
        Assert.Contains("no trial completed (2 pruned)", Assert.Throws<InvalidOperationException>(() => pruned.Best).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_person_enqueues_and_the_best_of_earlier_studies_run_first()
    {
        SweepResult<Point> earlier = await Quick().Trials(12).RunAsync(Error);
        SweepResult<Point> next = await Quick().Seed(9).Enqueue(new Point(0.25), new Point(0.75)).BeginWithBestOf(1,
            earlier.Study).Trials(5).RunAsync(Error);
        Assert.Equal([0.25, 0.75, earlier.Best.Configuration.X], next.Study.Trials.Take(3).Select(t => t.Configuration.GetDouble("X")));
        Assert.Equal(5, next.Study.Completed.Count);
        SweepResult<Point> prior = await Quick("auto").From(earlier.Study).Trials(3).RunAsync(Error);
        Assert.Equal("transfer", prior.Study.Definition.Sampler);
        await Assert.ThrowsAsync<InvalidInputException>(() => Quick("tpe").From(earlier.Study).RunAsync(Error));
        await Assert.ThrowsAsync<InvalidInputException>(() => Quick().Journal(Journal).Enqueue(new Point(2)).RunAsync(Error));
        await Assert.ThrowsAsync<InvalidInputException>(() =>
            Quick().Journal(Journal).Enqueue(new Point(0.1), new Point(0.2)).Trials(1).RunAsync(Error));
        // What was refused has left no study behind.
        Assert.False(File.Exists(Journal));
    }

    [Fact]
    public async Task A_rule_a_timeout_of_the_run_and_one_of_a_trial_end_what_they_say()
    {
        SweepResult<Point> target = await Quick().StopWhen(new TargetReached("error", 10)).Trials(20).RunAsync(Error);
        Assert.Single(target.Study.Trials);
        Assert.StartsWith("ended early: trial 0 reached error 10", target.Remarks[0], StringComparison.Ordinal);
        SweepResult<Point> timed =
            await Quick().Journal(Journal).Timeout(TimeSpan.FromSeconds(1)).Trials(1000).RunAsync(async (p, _, token) =>
        {
            // However slow the machine: a thousand of these take longer than the run may.
            await Task.Delay(20, token);
            return [p.X];
        });
        Assert.InRange(timed.Study.Completed.Count, 0, 999);
        int made = timed.Study.Trials.Count;
        // The run ended, not the study.
        Assert.Equal(made + 2, (await Quick().Journal(Journal).Trials(made + 2).RunAsync(Error)).Study.Completed.Count);
        SweepResult<Point> slow = await Quick().TrialTimeout(TimeSpan.FromSeconds(2)).Trials(2).RunAsync(async (p, trial, token) =>
        {
            if (trial.Assignment.Number == 0) await Task.Delay(System.Threading.Timeout.Infinite, token);
            return [p.X];
        });
        Assert.Equal([TrialState.Failed, TrialState.Completed], slow.Study.Trials.Select(t => t.State));
    }

    [Fact]
    public async Task Progress_and_further_measurements_are_told()
    {
        var told = new ConcurrentQueue<SweepProgress>();
        SweepResult<Point> result = await Quick().Trials(3).Progress(new Told(told)).RunAsync((p, trial, _) =>
        {
            trial.Measure("seconds", 7);
            return trial.Assignment.Number == 1 ? throw new ArithmeticException() : Task.FromResult(new[] { p.X });
        });
        Assert.Equal([(0, 1, 0), (1, 2, 1), (2, 3, 1)], told.Select(t => (t.Trial, t.Ended, t.Failed)));
        Assert.All(told, t => Assert.Equal(3, t.Budget));
        Assert.Equal(7, result.Study.Trials[0].Metrics["seconds"]);
    }

    [Fact]
    public async Task A_record_within_a_record_comes_back_whole_and_is_null_where_it_does_not_exist()
    {
        SweepResult<Training> result = await Sweep.Over<Training>().Minimize("loss").Sampler("random").Trials(40).RunAsync(t =>
            [t.Adam is { } adam ? adam.Rate + (adam.Warmup ?? 0) + t.Data.Noise : 1]);
        SearchSpace space = result.Study.Definition.Space;
        Assert.Equal(["Optimizer", "Adam_Rate", "Adam_Warm", "Adam_Warmup", "Noise", "Dropout"], space.Parameters.Select(p => p.Name));
        var typed = new TypedSpace<Training>();
        foreach (Trial t in result.Study.Trials)
        {
            Training value = typed.Read(t.Configuration);
            Assert.Equal(value.Optimizer == "adam", value.Adam is not null);
            if (value.Adam is { } adam) Assert.Equal(adam.Warm, adam.Warmup is not null);
            Assert.Equal(t.Configuration, typed.Write(value));
            Assert.Contains(value.Dropout, new[] { 0, 0.1, 0.2, 0.3 });
        }
        Assert.Contains(result.Study.Trials, t => t.Configuration.GetDouble("Dropout") == 0.3);
        Assert.Contains("is within itself", Assert.Throws<InvalidInputException>(() => new TypedSpace<Endless>()).Message,
            StringComparison.Ordinal);
    }

    private static SweepBuilder<Point> Quick(string sampler = "random") => Sweep.Over<Point>().Minimize("error").Sampler(sampler);

    private static SweepBuilder<Point> Two() => Quick().Minimize("size");

    private static double[] Error(Point p) => [Math.Abs(p.X - 0.3)];

    public sealed record Point([Float(0, 1)] double X);

    public sealed record Training(
        [Choice("sgd", "adam")] string Optimizer, [Nested, When(nameof(Optimizer), "adam")] AdamOptions? Adam,
            [Nested(Prefix = "")] DataOptions Data, [Float(0, 0.3, Step = 0.1)] double Dropout);

    public sealed record AdamOptions([Float(1e-4, 1e-1, Log = true)] double Rate, bool Warm,
        [Float(0, 1), When(nameof(Warm), true)] double? Warmup);

    public sealed record DataOptions([Float(0, 1)] double Noise);

    public sealed record Endless([Float(0, 1)] double X, [Nested] Endless? More);

    private sealed class StopAll : IScheduler
    {
        public string Name => "stop-all";

        public Decision Decide(IStudyView study, Trial trial) => Decision.Stop;
    }

    private sealed class Told(ConcurrentQueue<SweepProgress> told) : IProgress<SweepProgress>
    {
        public void Report(SweepProgress value) => told.Enqueue(value);
    }

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<(LogLevel Level, string Text, Exception? Exception)> All { get; } = new();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => All.Enqueue((logLevel, formatter(state, exception), exception));
    }
}
