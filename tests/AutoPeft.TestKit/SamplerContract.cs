using System.Collections.Immutable;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AutoPeft.TestKit;

/// <summary>What every sampler promises. A new sampler is done when it passes.</summary>
public abstract class SamplerContract
{
    /// <summary>The sampler under test, with its default options.</summary>
    protected abstract ISampler Create();

    /// <summary>Whether the sampler may run out of configurations, as a grid does.</summary>
    protected virtual bool RunsOut => false;

    /// <summary>
    /// Whether the sampler looks at what was tried, and so never proposes the same configuration twice while there are others.
    /// </summary>
    protected virtual bool AvoidsRepeats => true;

    private static readonly Objective One = Objective.Minimize("loss", 10);

    private static SearchSpace Everything() => SearchSpace.Build(s => s
        .Float("lr", 1e-5, 1e-1, log: true).Float("dropout", 0, 0.5).Int("layers", 1, 12).Int("width", 1, 4096, log: true)
        .Int("batch", 8, 128, step: 8)
        .Ordinal("rank", [0, 1, 2, 4, 8, 16]).Categorical("method", ["lora", "adapter", "none"]).Bool("bias")
        .Float("alpha", 1, 64, when: Condition.On("method", "lora"))
        .Subset("targets", ["q", "k", "v", "o"], minSize: 1, when: Condition.On("method", "lora"))
        .Int("bottleneck", 1, 512, log: true, when: Condition.On("method", "adapter"))
        .Categorical("act", ["relu", "gelu"], when: Condition.On("method", "adapter"))
        .Require("layers * rank <= 96").Require("method != 'none' or bias"));

    private static double[] Score(Configuration c, int objectives)
    {
        double a = Math.Log10(c.GetDouble("lr")) + 3, b = c.GetInt("layers") / 12.0;
        double loss = a * a + c.GetDouble("dropout") + (c.GetString("method") == "lora" ? 0 : 0.5) + (1 - b);
        return [.. Enumerable.Range(0, objectives).Select(j => j == 0 ? loss : j * b + Math.Log(1 + c.GetInt("width")) / 9)];
    }

    /// <summary>A study of a space, told by a rule; failing trials by another.</summary>
    protected static (Study Study, List<StudyEvent> Log) Play(ISampler sampler, SearchSpace space, ImmutableArray<Objective> objectives,
        int trials, Func<Configuration, double[]> values,
        Func<int, bool>? fails = null, int batch = 1, int leavePending = 0, ulong seed = 3, int? budget = null,
        ImmutableArray<OutcomeConstraint> outcomes = default, Func<ImmutableArray<double>>? measured = null)
    {
        var study = new Study();
        var log = new List<StudyEvent>();
        void Append(StudyEvent e)
        {
            study.Apply(e);
            log.Add(e);
        }
        Append(new StudyCreated(DateTimeOffset.UnixEpoch,
            new StudyDefinition(space, objectives, outcomes.IsDefault ? null : outcomes) { Seed = seed, Budget = budget }));
        var pending = new Queue<int>();
        while (study.Trials.Count < trials)
        {
            int first = study.Trials.Count, count = Math.Min(batch, trials - first);
            IReadOnlyList<Proposal> proposals = sampler.Propose(study, count, new Philox(seed, (ulong)first, StreamPurpose.Ask));
            if (proposals.Count == 0) break;
            long seen = study.Sequence;
            for (int i = 0; i < proposals.Count; i++)
            {
                Append(new TrialProposed(DateTimeOffset.UnixEpoch, first + i, proposals[i].Configuration, proposals[i].Note ?? sampler.Name,
                    seen, first, count, proposals[i].State));
                pending.Enqueue(first + i);
            }
            while (pending.Count > leavePending)
            {
                int number = pending.Dequeue();
                if (fails?.Invoke(number) == true) Append(new TrialFailed(DateTimeOffset.UnixEpoch, number, null, "broke"));
                else Append(new TrialCompleted(
                    DateTimeOffset.UnixEpoch, number, null, [.. values(study.Trials[number].Configuration)], measured?.Invoke() ?? [],
                    ImmutableSortedDictionary<string, double>.Empty));
            }
        }
        return (study, log);
    }

    private static void AllFeasible(Study study) =>
        Assert.All(study.Trials, t =>
        {
            Assert.True(study.Definition.Space.IsFeasible(t.Configuration), t.Configuration.ToString());
            // A configuration is whole: every active parameter has a value of its domain, no inactive one has any.
            Assert.Equal(t.Configuration, study.Definition.Space.FromCodes(t.Configuration.Codes));
            for (int i = 0; i < study.Definition.Space.Count; i++)
                Assert.Equal(study.Definition.Space.IsActive(i, t.Configuration.Codes), !double.IsNaN(t.Configuration.Codes[i]));
        });

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Every_proposal_is_whole_and_keeps_conditions_and_hard_constraints(int objectives)
    {
        ImmutableArray<Objective> list = [.. Enumerable.Range(0, objectives).Select(j => Objective.Minimize($"f{j}"))];
        (Study study, _) = Play(Create(), Everything(), list, 30, c => Score(c, objectives));
        Assert.Equal(30, study.Trials.Count);
        AllFeasible(study);
    }

    [SkippableFact]
    public void A_replay_of_the_log_gives_the_same_proposals_bit_for_bit()
    {
        (Study study,
            List<StudyEvent> log) = Play(Create(), Everything(), [One, Objective.Maximize("second")], 26, c => Score(c, 2), n => n % 7 == 3,
                batch: 2, leavePending: 2);
        // Another instance, another process for all it knows: what it sees is the log up to the record that the proposal names.
        ISampler fresh = Create();
        foreach (TrialProposed proposed in log.OfType<TrialProposed>().Where(p => p.Number == p.Batch))
        {
            Study then = Study.Of(log.Take((int)proposed.Seen));
            IReadOnlyList<Proposal> again =
                fresh.Propose(then, proposed.BatchSize, new Philox(study.Definition.Seed, (ulong)proposed.Batch, StreamPurpose.Ask));
            for (int i = 0; i < again.Count; i++)
            {
                Assert.Equal(study.Trials[proposed.Number + i].Configuration, again[i].Configuration);
                Assert.Equal(study.Trials[proposed.Number + i].Proposed.State, again[i].State);
            }
        }
    }

    [SkippableFact]
    public void Different_seeds_explore_differently()
    {
        (Study a, _) = Play(Create(), Everything(), [One], 8, c => Score(c, 1), seed: 1);
        (Study b, _) = Play(Create(), Everything(), [One], 8, c => Score(c, 1), seed: 2);
        Assert.NotEqual(a.Trials.Select(t => t.Configuration), b.Trials.Select(t => t.Configuration));
    }

    [SkippableFact]
    public void A_batch_of_as_many_as_asked_for_has_no_duplicates_nor_have_pending_trials()
    {
        Skip.IfNot(AvoidsRepeats, "The sampler draws without a look at what was tried.");
        (Study study, _) = Play(Create(), Everything(), [One], 36, c => Score(c, 1), batch: 4, leavePending: 8);
        Assert.Equal(36, study.Trials.Count);
        Assert.Equal(36, study.Trials.Select(t => t.Configuration).Distinct().Count());
    }

    [SkippableFact]
    public void Trials_that_failed_so_far_stop_nothing()
    {
        (Study study, _) = Play(Create(), Everything(), [One], 20, c => Score(c, 1), _ => true);
        Assert.Equal(20, study.Trials.Count);
        AllFeasible(study);
        (Study mixed, _) = Play(Create(), Everything(), [One, Objective.Minimize("g")], 24, c => Score(c, 2), n => n % 2 == 0);
        Assert.Equal(24, mixed.Trials.Count);
    }

    [SkippableFact]
    public void Equal_values_stop_nothing()
    {
        (Study study, _) = Play(Create(), Everything(), [One], 20, _ => [1.25]);
        Assert.Equal(20, study.Trials.Count);
        (Study several, _) = Play(Create(), Everything(), [One, Objective.Minimize("g")], 20, _ => [0, 0]);
        Assert.Equal(20, several.Trials.Count);
    }

    /// <summary>How many random studies are played by <see cref="Results_of_any_finite_size_stop_nothing"/>.</summary>
    protected virtual int ExtremeStudies => 10;

    private static readonly double[] Extremes =
        [0, -0.0, 1, -1, double.MaxValue, double.MinValue, 9e307, -9e307, 1e155, -1e155, 1e30, 1e-30, 1e-160, -1e-160, double.Epsilon,
            -double.Epsilon, 2.2250738585072014e-308];

    /// <summary>A finite double: an ordinary one, one at an end of the range, or any pattern of bits.</summary>
    private static double Extreme(Philox random)
    {
        switch (random.NextInt(3))
        {
            case 0: return random.NextNormal();
            case 1: return Extremes[random.NextInt(Extremes.Length)];
            default:
                double any = BitConverter.UInt64BitsToDouble(random.NextUInt64());
                return double.IsFinite(any) ? any : double.MaxValue;
        }
    }

    [SkippableFact]
    public void Results_of_any_finite_size_stop_nothing()
    {
        SearchSpace space = SearchSpace.Build(
            s => s.Float("x", 0, 1).Int("n", 1, 9).Categorical("c", ["a", "b"]).Float("y", 0, 1, when: Condition.On("c", "b")));
        Prop.ForAll(ArbMap.Default.ArbFor<uint>(), (uint seed) =>
        {
            var random = new Philox(seed, 78);
            int objectives = 1 + random.NextInt(4);
            bool stated = random.NextInt(3) == 0;
            ImmutableArray<Objective> list = [.. Enumerable.Range(0, objectives)
                .Select(j => new Objective($"f{j}", random.NextInt(2) == 0 ? Direction.Minimize : Direction.Maximize,
                    stated ? Extreme(random) : null))];
            ImmutableArray<OutcomeConstraint> outcomes = random.NextInt(3) == 0
                ? [new OutcomeConstraint("g", Extreme(random)), new OutcomeConstraint("h", null, Extreme(random))]
                : [];
            double share = random.NextDouble();
            (Study study,
                _) = Play(Create(), space, list, 15,
                    _ => [.. list.Select(_ => random.NextDouble() < share ? random.NextNormal() : Extreme(random))],
                n => n % 6 == 5, outcomes: outcomes, measured: () => [.. outcomes.Select(_ => Extreme(random))]);
            Assert.True(RunsOut || study.Trials.Count == 15, $"seed {seed}");
            AllFeasible(study);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(ExtremeStudies).WithEndSize(int.MaxValue));
    }

    [SkippableFact]
    public void Huge_and_tiny_values_stop_nothing()
    {
        (Study study, _) =
            Play(Create(), Everything(), [One, Objective.Minimize("g")], 20, c => [Score(c, 1)[0] * 1e300, Score(c, 2)[1] * 1e-300]);
        Assert.Equal(20, study.Trials.Count);
        AllFeasible(study);
    }

    [SkippableFact]
    public void A_space_of_one_point_is_proposed_again_and_again()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("x", 2, 2).Int("n", 3, 3).Categorical("c", ["only"]));
        (Study study, _) = Play(Create(), space, [One], 6, _ => [1]);
        Assert.Equal(RunsOut ? 1 : 6, study.Trials.Count);
    }

    [SkippableFact]
    public void A_finite_space_is_exhausted_before_anything_is_repeated()
    {
        Skip.IfNot(AvoidsRepeats, "The sampler draws without a look at what was tried.");
        SearchSpace space =
            SearchSpace.Build(s => s.Categorical("a", ["x", "y", "z"]).Bool("b").Ordinal("c", [1, 2], when: Condition.On("b", true)));
        (Study study, _) = Play(Create(), space, [One], 14, c => [c.GetString("a") == "y" ? 0 : 1]);
        Assert.Equal(9, study.Trials.Take(9).Select(t => t.Configuration).Distinct().Count());
        Assert.Equal(RunsOut ? 9 : 14, study.Trials.Count);
    }

    [SkippableFact]
    public void Configurations_without_the_continuous_parameter_are_not_repeated()
    {
        Skip.IfNot(AvoidsRepeats, "The sampler draws without a look at what was tried.");
        Skip.If(RunsOut, "The sampler ends before it would have to draw 40 configurations.");
        SearchSpace space = SearchSpace.Build(s => s.Categorical("m", ["a", "b"]).Bool("q")
            .Float("x", 0, 1, when: Condition.On("m", "a")).Int("n", 1, 3, when: Condition.On("m", "b")));
        (Study study, _) =
            Play(Create(), space, [One], 40, c => [c.GetString("m") == "b" ? Math.Abs(c.GetInt("n") - 2) : 1 + c.GetDouble("x")]);
        Assert.Equal(40, study.Trials.Select(t => t.Configuration).Distinct().Count());
    }

    [SkippableFact]
    public void A_range_of_one_value_is_no_obstacle()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("fixed", 0.1, 0.1).Int("n", 5, 5).Float("x", 0, 1).Float("y", 0, 1));
        (Study study, _) = Play(Create(), space, [One], 16, c => [c.GetDouble("x")]);
        Assert.All(study.Trials, t => Assert.Equal((0.1, 5), (t.Configuration.GetDouble("fixed"), t.Configuration.GetInt("n"))));
    }

    [SkippableFact]
    public void Five_hundred_parameters_are_served()
    {
        SearchSpace space = SearchSpace.Build(s =>
        {
            for (int i = 0; i < 250; i++) s.Float($"x{i}", 0, 1).Categorical($"c{i}", ["a", "b", "c"]);
        });
        Skip.If(RunsOut, "The sampler lists its points, of which a space of 500 parameters has too many.");
        (Study study, _) = Play(Create(), space, [One], 14, c => [c.Codes[0] + c.Codes[2]]);
        Assert.Equal(14, study.Trials.Count);
    }

    [SkippableFact]
    public void Constraints_that_nothing_keeps_are_named()
    {
        SearchSpace space = SearchSpace.Build(s => s.Float("x", 0, 1).Float("y", 0, 1).Require("x + y > 3"));
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => Play(Create(), space, [One], 1, _ => [0]));
        Assert.True(RunsOut || e.Message.Contains("x + y > 3"), e.Message);
    }

    [SkippableFact]
    public void Cancelling_stops_it_or_it_returns()
    {
        (Study study, _) = Play(Create(), Everything(), [One], 16, c => Score(c, 1));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        try { Create().Propose(study, 1, new Philox(1), cancelled.Token); }
        catch (OperationCanceledException) { }
    }

    [SkippableFact]
    public void A_sampler_reads_and_changes_nothing()
    {
        (Study study, _) = Play(Create(), Everything(), [One], 15, c => Score(c, 1), leavePending: 1);
        (long sequence, int trials, int pending) = (study.Sequence, study.Trials.Count, study.PendingCount);
        IReadOnlyList<Proposal> first = Create().Propose(study, 2, new Philox(3, 15, StreamPurpose.Ask));
        IReadOnlyList<Proposal> second = Create().Propose(study, 2, new Philox(3, 15, StreamPurpose.Ask));
        Assert.Equal((sequence, trials, pending), (study.Sequence, study.Trials.Count, study.PendingCount));
        Assert.Equal(first.Select(p => p.Configuration), second.Select(p => p.Configuration));
    }
}
