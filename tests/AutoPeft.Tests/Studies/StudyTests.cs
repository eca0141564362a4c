using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests.Studies;

public class StudyTests
{
    private static readonly DateTimeOffset s_time = DateTimeOffset.UnixEpoch;
    private static readonly ImmutableSortedDictionary<string, double> s_none = ImmutableSortedDictionary<string, double>.Empty;
    private static readonly SearchSpace s_space = SearchSpace.Build(s => s.Bool("b"));
    private static readonly StudyDefinition s_definition =
        new(s_space, [Objective.Maximize("accuracy"), Objective.Minimize("size")], [new OutcomeConstraint("latency", Max: 20, Min: 1)]);

    private static StudyCreated Created => new(s_time, s_definition);

    private static TrialProposed Proposed(int number, long seen = 0, SearchSpace? space = null) =>
        new(s_time, number, (space ?? s_space).FromCodes([0]), "random", seen, number, 1);

    private static TrialStarted Started(int number, int attempt = 1) => new(s_time, number, "w", "cpu:0", attempt);

    private static TrialReported Reported(int number, long step, int? attempt = null) => new(s_time, number, attempt, step, s_none);

    private static TrialCompleted Completed(int number, double accuracy = 0.5, double latency = 10, int? attempt = null) =>
        new(s_time, number, attempt, [accuracy, 100], [latency], s_none);

    private static TrialFailed Failed(int number, int? attempt = null) => new(s_time, number, attempt, "error");

    private static TrialRequeued Requeued(int number, int? attempt = null) => new(s_time, number, attempt, "lost");

    private static TrialPruned Pruned(int number, int? attempt = null) => new(s_time, number, attempt, 1);

    [Fact]
    public void A_trial_took_what_its_host_measured_though_the_wall_clock_went_back_an_hour()
    {
        TrialCompleted hourBefore = Completed(0) with { Time = s_time.AddHours(-1) };
        Assert.Equal(1.25, Study.Of([Created, Proposed(0), Started(0), hourBefore with { Seconds = 1.25 }]).Trials[0].Seconds);
        // Nobody measured: a difference of wall clocks that is below zero says nothing.
        Assert.Null(Study.Of([Created, Proposed(0), Started(0), hourBefore]).Trials[0].Seconds);
        Assert.Equal(3600, Study.Of([Created, Proposed(0), Started(0), Completed(0) with { Time = s_time.AddHours(1) }]).Trials[0].Seconds);
        // The last attempt alone counts, and one that runs has no duration yet.
        StudyEvent[] again = [Created, Proposed(0), Started(0), Requeued(0) with { Seconds = 7 }, Started(0, 2)];
        Assert.Equal(7, Study.Of(again[..4]).Trials[0].Seconds);
        Assert.Null(Study.Of(again).Trials[0].Seconds);
        Assert.Equal(2, Study.Of([.. again, Completed(0) with { Seconds = 2 }]).Trials[0].Seconds);
    }

    [Fact]
    public void What_cannot_follow_is_refused_in_one_line_and_changes_nothing()
    {
        (StudyEvent[] Log, StudyEvent Next, string Expected)[] cases =
        [
            ([], Proposed(0), "The study was not created yet."),
            ([Created], Created, "The study was created already."),
            ([Created], Proposed(1), "Trial 1 was proposed out of order; the next is 0."),
            ([Created, Proposed(0)], Proposed(0), "Trial 0 was proposed out of order; the next is 1."),
            ([Created], Proposed(0, seen: 2), "Trial 0: its sampler claims to have seen 2 records; the log has 1."),
            ([Created], Proposed(0, space: SearchSpace.Build(s => s.Bool("c"))),
                "Trial 0: its configuration is of another search space than the study's."),
            ([Created], Started(0), "Trial 0 was never asked for; the study has 0."),
            ([Created, Proposed(0)], Failed(-1), "Trial -1 was never asked for; the study has 1."),
            ([Created, Proposed(0), Started(0)], Started(0, 2), "Trial 0 is running already on w."),
            ([Created, Proposed(0)], Started(0, 2), "Trial 0: attempt 2 cannot start after attempt 0."),
            ([Created, Proposed(0), Started(0), Requeued(0)], Started(0, 1), "Trial 0: attempt 1 cannot start after attempt 1."),
            ([Created, Proposed(0)], Requeued(0), "Trial 0 is waiting already."),
            ([Created, Proposed(0), Started(0), Reported(0, 3)], Reported(0, 3), "Trial 0: report of step 3 after step 3."),
            ([Created, Proposed(0), Completed(0)], Completed(0), "Trial 0 has ended already (completed)."),
            ([Created, Proposed(0), Failed(0)], Completed(0), "Trial 0 has ended already (failed)."),
            ([Created, Proposed(0), Pruned(0)], Reported(0, 5), "Trial 0 has ended already (pruned)."),
            ([Created, Proposed(0)], Completed(0) with { Values = [1] }, "Trial 0: 1 value(s) for 2 objective(s)."),
            ([Created, Proposed(0)], Completed(0) with { Outcomes = [] }, "Trial 0: 0 outcome(s) for 1 outcome constraint(s)."),
            ([Created, Proposed(0)], Completed(0) with { Values = default }, "Trial 0: a result without values."),
            ([Created, Proposed(0), Started(0)], Failed(0) with { Seconds = -1 }, "Trial 0: an attempt cannot take -1 s."),
            ([Created, Proposed(0), Started(0)], Requeued(0) with { Seconds = double.NaN }, "Trial 0: an attempt cannot take NaN s."),
            ([Created, Proposed(0)], Completed(0, double.NaN),
                "Trial 0: the value of 'accuracy' is NaN; tell the trial as failed instead."),
        ];
        foreach ((StudyEvent[] log, StudyEvent next, string expected) in cases)
        {
            Study study = Study.Of(log);
            string before = State(study);
            Assert.Equal(expected, study.Refuses(next));
            Assert.Equal(expected, Assert.Throws<InvalidInputException>(() => study.Apply(next)).Message);
            Assert.Equal(before, State(study));
        }
    }

    [Fact]
    public void What_a_superseded_attempt_says_is_refused_and_what_the_current_one_says_counts()
    {
        StudyEvent[] second = [Created, Proposed(0), Started(0), Requeued(0, attempt: 1), Started(0, 2)];
        foreach (StudyEvent late in (StudyEvent[])[Completed(0, attempt: 1), Failed(0, attempt: 1), Pruned(0, attempt: 1),
            Requeued(0, attempt: 1), Reported(0, 1, attempt: 1), new TrialPaused(s_time, 0, 1, 1)])
            Assert.Equal("Trial 0: attempt 1 was superseded by attempt 2.", Study.Of(second).Refuses(late));
        Assert.Equal(TrialState.Completed, Study.Of([.. second, Completed(0, attempt: 2)]).Trials[0].State);
        Assert.Equal("Trial 0: attempt 1 was superseded by attempt 0.", Study.Of([Created, Proposed(0)]).Refuses(Completed(0, attempt: 1)));
    }

    [Fact]
    public void Only_losses_that_point_at_the_trial_count_as_crashes()
    {
        Study study = Study.Of(
            [Created, Proposed(0), Started(0), Requeued(0, attempt: 1), Started(0, 2), Requeued(0, attempt: 2) with { Crashed = true }]);
        Assert.Equal((2, 1), (study.Trials[0].Attempt, study.Trials[0].Crashes));
    }

    [Fact]
    public void A_trial_may_be_told_without_having_been_started_or_after_its_requeue()
    {
        Study asked = Study.Of([Created, Proposed(0), Completed(0)]);
        Assert.Equal(TrialState.Completed, asked.Trials[0].State);
        Study late = Study.Of([Created, Proposed(0), Started(0), Requeued(0), Completed(0)]);
        Assert.Equal((TrialState.Completed, null), (late.Trials[0].State, late.Trials[0].Error));
    }

    [Fact]
    public void A_new_attempt_forgets_the_reports_of_the_old_one()
    {
        Study study =
            Study.Of([Created, Proposed(0), Started(0), Reported(0, 1), Reported(0, 2), Requeued(0), Started(0, 2), Reported(0, 1)]);
        Assert.Equal(1, Assert.Single(study.Trials[0].Reports).Step);
        Assert.Equal(2, study.Trials[0].Attempt);
    }

    [Fact]
    public void Losses_make_smaller_better_and_outcomes_decide_feasibility()
    {
        Study study = Study.Of([Created, Proposed(0), Proposed(1), Proposed(2), Proposed(3), Completed(0, 0.9), Completed(1, latency: 20.5),
            Completed(2, latency: 0.5), Completed(3, latency: double.NaN)]);
        Assert.Equal([-0.9, 100], study.Trials[0].Losses.AsEnumerable());
        Assert.Equal([true, false, false, false], study.Trials.Select(t => t.IsFeasible));
        Assert.Equal((0.5, 0.5), (s_definition.Outcomes[0].Violation(20.5), s_definition.Outcomes[0].Violation(0.5)));
        Assert.Null(s_definition.ReferenceLosses);
        Assert.Equal([-0.1, 7], new StudyDefinition(s_space, [Objective.Maximize("x", 0.1), Objective.Minimize("y", 7)]).ReferenceLosses!);
    }

    [Fact]
    public void Completed_trials_stand_in_the_order_in_which_they_ended()
    {
        Study study = Study.Of([Created, Proposed(0), Proposed(1), Proposed(2), Completed(2), Failed(0), Completed(1)]);
        Assert.Equal([2, 1], study.Completed.Select(t => t.Number));
    }

    [Fact]
    public void Whatever_events_arrive_in_whatever_order_the_counts_agree_and_no_trial_ends_twice() =>
        Prop.ForAll(ArbMap.Default.ArbFor<uint>(), (uint seed) =>
        {
            var random = new Philox(seed, 5);
            var study = new Study();
            var accepted = new List<StudyEvent>();
            var ends = new Dictionary<int, int>();
            for (int i = 0; i < 120; i++)
            {
                int number = random.NextInt(6);
                StudyEvent e = random.NextInt(9) switch
                {
                    0 => Created,
                    1 or 2 => Proposed(study.Trials.Count + random.NextInt(2)),
                    3 => Started(number, 1 + random.NextInt(3)),
                    4 => Reported(number, random.NextInt(5)),
                    5 => Completed(number),
                    6 => Failed(number),
                    7 => Requeued(number),
                    _ => Pruned(number),
                };
                if (study.Refuses(e) is not null) continue;
                study.Apply(e);
                accepted.Add(e);
                if (e is TrialCompleted or TrialFailed or TrialPruned) ends[number] = ends.GetValueOrDefault(number) + 1;
                Assert.Equal(accepted.Count, study.Sequence);
                Assert.Equal(study.Trials.Count(t => t.IsPending), study.PendingCount);
                Assert.Equal(study.Trials.Count(t => !t.IsPending), study.FinishedCount);
                Assert.Equal(study.Trials.Where(t => t.State == TrialState.Completed).Select(t => t.Number).Order(),
                    study.Completed.Select(t => t.Number).Order());
            }
            Assert.All(ends.Values, n => Assert.Equal(1, n));
            Assert.Equal(State(study), State(Study.Of(accepted)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Misdeclared_studies_are_refused()
    {
        (Func<StudyDefinition> Make, string Expected)[] cases =
        [
            (() => new StudyDefinition(s_space, []), "no objective"),
            (() => new StudyDefinition(s_space, [Objective.Minimize("b")]),
                "The name 'b' stands twice among parameters, objectives and outcomes"),
            (() => new StudyDefinition(s_space, [Objective.Minimize("x"), Objective.Maximize("x")]), "The name 'x' stands twice"),
            (() => new StudyDefinition(s_space, [Objective.Minimize(" ")]), "has no name"),
            (() => new StudyDefinition(s_space, [Objective.Minimize("x", double.NaN)]),
                "Objective 'x': its reference must be a finite number."),
            (() => new StudyDefinition(s_space, [Objective.Minimize("x")], [new OutcomeConstraint("y")]), "Outcome 'y': it needs a max"),
            (() => new StudyDefinition(s_space, [Objective.Minimize("x")], [new OutcomeConstraint("y", Max: 1, Min: 2)]),
                "Outcome 'y': it needs a max"),
            (() => new StudyDefinition(s_space, [Objective.Minimize("x")]) { Budget = 0 }, "The budget must be at least 1 trial, not 0."),
        ];
        foreach ((Func<StudyDefinition> make, string expected) in cases)
            Assert.Contains(expected, Assert.Throws<InvalidInputException>(make).Message);
    }

    private static string State(Study study) =>
        $"{study.Exists} {study.Sequence} {study.PendingCount} " + string.Join("; ", study.Trials.Select(t =>
        $"{t.Number} {t.Configuration} {t.State} {t.Attempt} {t.Worker} {t.Error} {string.Join(",", t.Values)} "
            + $"{string.Join(",", t.Reports.Select(r => r.Step))}"));
}
