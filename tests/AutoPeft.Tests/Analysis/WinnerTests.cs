using System.Collections.Immutable;
using AutoPeft.Analysis.Winners;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Analysis;

public class WinnerTests
{
    /// <summary>A study of K configurations of known true losses, each run several times with normal noise.</summary>
    private static (Study Study, double[] Truth) Simulate(int candidates, int repeats, double spread, double noise, ulong seed)
    {
        var random = new Philox(seed, 0, StreamPurpose.Data);
        SearchSpace space = SearchSpace.Build(s => s.Int("candidate", 0, candidates - 1));
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, new StudyDefinition(space, [Objective.Minimize("loss")])));
        double[] truth = [.. Enumerable.Range(0, candidates).Select(_ => 1 + spread * random.NextNormal())];
        for (int i = 0; i < candidates * repeats; i++)
        {
            int c = i % candidates;
            study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, i, space.FromCodes([c]), "test", study.Sequence, i, 1));
            study.Apply(new TrialCompleted(DateTimeOffset.UnixEpoch, i, null, [truth[c] + noise * random.NextNormal()], [],
                ImmutableSortedDictionary<string, double>.Empty));
        }
        return (study, truth);
    }

    [Theory]
    [InlineData(20, 3, 0.0)]
    [InlineData(20, 3, 0.5)]
    [InlineData(40, 2, 1.0)]
    [InlineData(8, 5, 3.0)]
    public void The_winners_95_percent_interval_covers_its_true_value_in_93_to_97_percent_of_1000_studies(int candidates, int repeats,
        double spread)
    {
        int covered = 0, naive = 0, above = 0;
        for (ulong seed = 0; seed < 1000; seed++)
        {
            (Study study, double[] truth) = Simulate(candidates, repeats, spread, 1, seed);
            StudyWinner w = StudyWinner.Of(study, 0);
            double value = truth[(int)study.Trials[w.Trial].Configuration.Codes[0]];
            if (value >= w.Better && value <= w.Worse) covered++;
            if (Math.Abs(value - w.Observed) <= 1.96 * w.Noise / Math.Sqrt(repeats)) naive++;
            if (w.Corrected > value) above++;
        }
        Assert.InRange(covered, 930, 970);
        // Half of the corrected values are too high and half too low; four standard errors of a fair coin.
        Assert.InRange(above, 437, 563);
        // What it corrects: where the candidates are alike, the usual interval misses four times in ten.
        if (spread == 0) Assert.True(naive < 650, $"{naive}");
    }

    [Fact]
    public void A_clear_winner_keeps_the_usual_interval_and_is_told_from_the_next()
    {
        WinnerEstimate e = WinnerInference.Of([0, 10, 11], [1, 1, 1]);
        Assert.Equal(0, e.Winner);
        Assert.Equal(0, e.Corrected, 0.01);
        Assert.Equal(-1.96, e.Low, 0.06);
        Assert.Equal(1.96, e.High, 0.06);
        Assert.True(e.IsTold);
        Assert.Equal(10, 0.5 * (e.Lead.Low + e.Lead.High), 1.0);
    }

    [Fact]
    public void A_photo_finish_is_corrected_towards_the_field_and_not_told()
    {
        WinnerEstimate e = WinnerInference.Of([-2, -1.9, 0, 0.1, 0.3, -0.2], [1, 1, 1, 1, 1, 1]);
        Assert.True(e.Luck > 0.5, $"{e}");
        Assert.False(e.IsTold);
    }

    [Fact]
    public void Equal_winners_keep_their_value_and_are_not_told_apart()
    {
        WinnerEstimate e = WinnerInference.Of([2, 2, 2, 9, 12], [0.1, 0.1, 0.1, 0.1, 0.1]);
        Assert.Equal(2, e.Corrected, 6);
        Assert.InRange(e.Low, 1.75, 1.85);
        Assert.InRange(e.High, 2.15, 2.25);
        Assert.False(e.IsTold);
    }

    [Fact]
    public void A_single_candidate_has_the_plain_normal_interval()
    {
        WinnerEstimate e = WinnerInference.Of([3], [0.5]);
        Assert.Equal((3, 0), (e.Corrected, e.Luck), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-9 && Math.Abs(a.Item2 - b.Item2) < 1e-9);
        Assert.Equal(3 - 0.98, e.Low, 0.01);
    }

    [Fact]
    public void Maximised_and_logarithmic_objectives_come_back_in_their_own_units()
    {
        SearchSpace space = SearchSpace.Build(s => s.Int("c", 0, 1));
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch,
            new StudyDefinition(space, [Objective.Maximize("score"), Objective.Minimize("size") with { Log = true }])));
        double[][] values = [[0.9, 100], [0.5, 1000], [0.92, 110], [0.52, 1100], [0.88, 90], [0.48, 900]];
        for (int i = 0; i < 6; i++)
        {
            study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, i, space.FromCodes([i % 2]), "test", study.Sequence, i, 1));
            study.Apply(
                new TrialCompleted(DateTimeOffset.UnixEpoch, i, null, [.. values[i]], [], ImmutableSortedDictionary<string, double>.Empty));
        }
        StudyWinner score = StudyWinner.Of(study, 0), size = StudyWinner.Of(study, 1);
        Assert.Equal(0, score.Trial);
        Assert.True(score.Worse < score.Observed && score.Observed < score.Better, score.ToString());
        Assert.True(size.Better < size.Observed && size.Observed < size.Worse && size.Better > 0, size.ToString());
        Assert.Equal((NoiseSource.Repeats, 3, 2), (score.Source, score.Runs, score.Candidates));
    }

    [Fact]
    public void Of_trials_that_share_the_best_value_the_one_that_is_best_by_the_other_objective_wins_and_the_others_are_named()
    {
        SearchSpace space = SearchSpace.Build(s => s.Int("c", 0, 9));
        Study study = Of(space, [Objective.Maximize("score"), Objective.Minimize("size")],
            [[0.8, 50], [0.9, 70], [0.9, 60], [0.7, 10], [0.9, 60], [0.6, 20], [0.5, 30], [0.65, 40], [0.55, 25], [0.85, 45]]);
        StudyWinner w = StudyWinner.Of(study, 0);
        Assert.Equal((2, 0.9, false), (w.Trial, w.Observed, w.IsTold));
        Assert.Equal((int[])[1, 4], w.Ties.ToArray());
        Assert.Empty(StudyWinner.Of(study, 1).Ties);
    }

    [Fact]
    public void Repeats_of_a_final_evaluation_say_what_the_noise_is_and_count_as_results()
    {
        SearchSpace space = SearchSpace.Build(s => s.Int("c", 0, 3));
        Study study = Of(space, [Objective.Maximize("score")], [[0.9], [0.88], [0.5], [0.4]]);
        Assert.Throws<InvalidInputException>(() => StudyWinner.Of(study, 0));
        // Trial 0 was lucky: its mean with the repeats is 0.85, and trial 1's 0.89.
        var repeats = new Dictionary<int, IReadOnlyList<double>> { [0] = [0.82, 0.83], [1] = [0.9, 0.89] };
        StudyWinner w = StudyWinner.Of(study, 0, repeats);
        Assert.Equal((1, 3, NoiseSource.Repeats), (w.Trial, w.Runs, w.Source));
        Assert.Equal(0.89, w.Observed, 12);
        // Pooled over both: squares 0.0038 + 0.0002 over four degrees of freedom.
        Assert.Equal(Math.Sqrt(0.0040 / 4), w.Noise, 12);
    }

    [Fact]
    public void An_objective_that_is_a_formula_has_no_luck()
    {
        SearchSpace space = SearchSpace.Build(s => s.Int("c", 1, 4));
        StudyWinner w = StudyWinner.Of(Of(space, [Objective.Minimize("size") with { Formula = "10 * c" }], [[10], [20], [30], [40]]), 0);
        Assert.Equal((0, 10.0, 10.0, 10.0, true, NoiseSource.None), (w.Trial, w.Observed, w.Corrected, w.Worse, w.IsTold, w.Source));
    }

    /// <summary>A study whose trial i has the configuration of code i and these values.</summary>
    private static Study Of(SearchSpace space, Objective[] objectives, double[][] values)
    {
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, new StudyDefinition(space, [.. objectives])));
        for (int i = 0; i < values.Length; i++)
        {
            Configuration c = space.FromCodes([((IntParameter)space.Parameters[0]).Low + i]);
            study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, i, c, "test", study.Sequence, i, 1));
            study.Apply(new TrialCompleted(
                DateTimeOffset.UnixEpoch, i, null, [.. values[i]], [], ImmutableSortedDictionary<string, double>.Empty));
        }
        return study;
    }

    [Fact]
    public void Without_repeats_a_model_stands_in_and_too_few_trials_are_refused()
    {
        var random = new Philox(5);
        SearchSpace space = SearchSpace.Build(s => s.Float("x", 0, 1));
        Study Make(int n)
        {
            var study = new Study();
            study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch, new StudyDefinition(space, [Objective.Minimize("loss")])));
            for (int i = 0; i < n; i++)
            {
                double x = (i + 0.5) / n;
                study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, i, space.FromCodes([x]), "test", study.Sequence, i, 1));
                study.Apply(new TrialCompleted(DateTimeOffset.UnixEpoch, i, null, [4 * (x - 0.5) * (x - 0.5) + 0.1 * random.NextNormal()],
                    [], ImmutableSortedDictionary<string, double>.Empty));
            }
            return study;
        }
        StudyWinner w = StudyWinner.Of(Make(80), 0);
        Assert.Equal(NoiseSource.Model, w.Source);
        Assert.InRange(w.Noise, 0.06, 0.16);
        Assert.Contains("run some configurations again", Assert.Throws<InvalidInputException>(() => StudyWinner.Of(Make(5), 0)).Message);
    }
}
