using AutoPeft.Analysis.Racing;
using AutoPeft.Randomness;
using AutoPeft.Scheduling;

namespace AutoPeft.Tests.Analysis;

public class RaceTests
{
    private static (RaceStanding Standing, int Runs) Play(double[] truth, double noise, int blocks, int budget, ulong seed,
        double blockEffect = 1)
    {
        var random = new Philox(seed, 0, StreamPurpose.Data);
        var race = new Race(truth.Length, blocks);
        var results = new List<RaceResult>();
        double[] effect = [.. Enumerable.Range(0, blocks).Select(_ => blockEffect * random.NextNormal())];
        while (results.Count < budget && race.Next(results, new HashSet<(int, int)>()) is [var next, ..])
            results.Add(
                new RaceResult(next.Candidate, next.Block, truth[next.Candidate] + effect[next.Block] + noise * random.NextNormal()));
        return (race.Standing(results), results.Count);
    }

    [Fact]
    public void The_worse_drop_out_early_and_the_best_is_left_for_a_fraction_of_running_everything()
    {
        int right = 0, runs = 0;
        for (ulong seed = 0; seed < 40; seed++)
        {
            (RaceStanding s, int n) = Play([0, 3, 3.5, 4, 5, 6], 1, 40, 1000, seed);
            if (s.IsDecided && s.Leader == 0) right++;
            runs += n;
        }
        Assert.True(right >= 38, $"{right}");
        Assert.True(runs / 40.0 < 0.4 * 6 * 40, $"{runs / 40.0} runs");
    }

    [Fact]
    public void Equals_are_seldom_told_apart_however_long_the_race_is_watched()
    {
        int wrong = Enumerable.Range(0, 300).Count(seed => Play([0, 0, 0], 1, 40, 1000, (ulong)seed).Standing.Alive.Length < 3);
        // At most 5 %, with three standard errors.
        Assert.True(wrong <= 26, $"{wrong} of 300");
    }

    [Fact]
    public void The_anytime_test_of_a_true_null_exceeds_its_level_with_at_most_that_probability_ever()
    {
        int exceeded = 0;
        for (ulong seed = 0; seed < 1000; seed++)
        {
            var random = new Philox(seed, 1, StreamPurpose.Data);
            var d = new List<double>();
            for (int n = 0; n < 100; n++)
            {
                d.Add(3 * random.NextNormal());
                if (AnytimeTest.LogEvidence(d) < Math.Log(20)) continue;
                exceeded++;
                break;
            }
        }
        Assert.True(exceeded <= 50, $"{exceeded} of 1000");
    }

    [Fact]
    public void Candidates_share_their_blocks_and_one_block_is_finished_before_the_next()
    {
        var race = new Race(3, 10);
        Assert.Equal([(0, 0), (1, 0), (2, 0)], race.Next([], new HashSet<(int, int)>()));
        Assert.Equal([(2, 0)], race.Next([new(0, 0, 1)], new HashSet<(int, int)> { (1, 0) }));
        Assert.Equal([(0, 1), (1, 1), (2, 1)], race.Next([new(0, 0, 1), new(1, 0, 2), new(2, 0, 3)], new HashSet<(int, int)>()));
    }

    [Fact]
    public void A_candidate_that_always_fails_drops_out_and_never_leads()
    {
        var results = new List<RaceResult>();
        for (int b = 0; b < 12; b++)
        {
            results.Add(new RaceResult(0, b, double.PositiveInfinity));
            results.Add(new RaceResult(1, b, 5 + 0.1 * b));
        }
        RaceStanding s = new Race(2, 12).Standing(results);
        Assert.Equal([1], s.Alive.ToArray());
        Assert.Equal((1, 1), (s.Leader, s.EliminatedBy[0]));
    }

    [Fact]
    public void A_race_without_candidates_or_with_an_impossible_error_is_refused()
    {
        Assert.Throws<InvalidInputException>(() => new Race(0, 3));
        Assert.Throws<InvalidInputException>(() => new Race(2, 3, new RaceOptions { Error = 1 }));
    }
}
