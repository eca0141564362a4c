using AutoPeft.Pareto;
using AutoPeft.Randomness;

namespace AutoPeft.Tests.Pareto;

public sealed class DominanceTests
{
    private static double[][] RandomSet(ulong seed, int n, int m)
    {
        var random = new Philox(seed);
        return [.. Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, m).Select(_ => (double)random.NextInt(6)).ToArray())];
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void The_front_is_what_the_definition_says(int m)
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            double[][] set = RandomSet(seed, 40, m);
            int[] expected = [.. Enumerable.Range(0, set.Length)
                .Where(i => !set.Any(p => p.Zip(set[i]).All(q => q.First <= q.Second) && !p.SequenceEqual(set[i])))];
            Assert.Equal(expected, Dominance.NonDominated(set));
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Ranks_peel_one_front_after_another(int m)
    {
        double[][] set = RandomSet(7, 60, m);
        int[] ranks = Dominance.Ranks(set);
        List<int> left = [.. Enumerable.Range(0, set.Length)];
        for (int rank = 0; left.Count > 0; rank++)
        {
            int[] front = [.. Dominance.NonDominated([.. left.Select(i => set[i])]).Select(k => left[k])];
            Assert.All(front, i => Assert.Equal(rank, ranks[i]));
            left.RemoveAll(i => front.Contains(i));
        }
    }

    [Fact]
    public void A_vector_with_NaN_is_never_on_the_front_and_ranks_last()
    {
        Assert.Equal([1], Dominance.NonDominated([[double.NaN, 0], [1, 1]]));
        Assert.Equal([1, 0], Dominance.Ranks([[double.NaN, 0], [1, 1]]));
        Assert.Empty(Dominance.NonDominated([]));
    }

    [Fact]
    public void Crowding_is_infinite_at_the_ends_and_larger_where_it_is_emptier()
    {
        double[] crowding = Dominance.Crowding([[0, 10], [1, 9], [2, 8], [7, 3], [10, 0]]);
        Assert.Equal(double.PositiveInfinity, crowding[0]);
        Assert.Equal(double.PositiveInfinity, crowding[4]);
        Assert.True(crowding[3] > crowding[1]);
    }

    [Fact]
    public void The_knee_of_a_bent_front_is_its_bend()
    {
        Assert.Equal(2, KneePoint.Of([[0, 100], [1, 90], [2, 10], [50, 5], [100, 0]]));
        Assert.Equal(-1, KneePoint.Of([[3, 3]]));
        Assert.Equal(-1, KneePoint.Of([]));
    }

    [Fact]
    public void An_inferred_reference_lies_a_tenth_of_the_range_beyond_the_nadir()
    {
        Assert.Equal([11.0, 22.0], ReferencePoint.Infer([[0, 20], [10, 0], [100, 100]]), (a, b) => Math.Abs(a - b) < 1e-12);
        double[] single = ReferencePoint.Infer([[2, 0]]);
        Assert.True(single[0] > 2 && single[1] > 0);
        Assert.Throws<ArgumentException>(() => ReferencePoint.Infer([[double.NaN]]));
    }
}
