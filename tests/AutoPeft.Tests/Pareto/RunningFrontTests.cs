using AutoPeft.Pareto;
using AutoPeft.Randomness;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests.Pareto;

/// <summary>The running front against the front, reference point and volume of all vectors together.</summary>
public sealed class RunningFrontTests
{
    private static void Agrees(RunningFront running, List<double[]> all, double[]? stated)
    {
        double[][] front = [.. Dominance.NonDominated(all).Select(i => all[i])];
        double[] reference = stated ?? ReferencePoint.Infer(all);
        Assert.Equal(front.Select(f => string.Join(' ', f)).Distinct().Order(), running.Members.Select(f => string.Join(' ', f)).Order());
        Assert.Equal(reference, running.Reference);
        double volume = Hypervolume.Compute(all, reference);
        Assert.Equal(volume, running.Hypervolume, 1e-9 * Math.Max(volume, 1e-300));
    }

    [Fact]
    public void It_says_at_every_vector_what_all_of_them_together_say() => Prop.ForAll(ArbMap.Default.ArbFor<uint>(), (uint seed) =>
    {
        var random = new Philox(seed, 6);
        int m = 1 + random.NextInt(4);
        double size = Math.Pow(10, random.NextInt(7) - 3);
        double[]? stated = random.NextInt(2) == 0 ? null : [.. Enumerable.Range(0, m).Select(_ => 0.8 * size)];
        // Coarse values bring equal coordinates and equal vectors; a curved front keeps many members.
        bool coarse = random.NextInt(2) == 0;
        var running = new RunningFront(m, stated);
        var all = new List<double[]>();
        for (int i = 0; i < 40; i++)
        {
            double[] v = [.. Enumerable.Range(0, m).Select(_ => coarse ? random.NextInt(6) / 5.0 : random.NextDouble())];
            double length = Math.Sqrt(v.Sum(x => x * x)) + 1e-9;
            if (!coarse && i % 2 == 0) v = [.. v.Select(x => 1 - 0.9 * x / length)];
            v = [.. v.Select(x => x * size)];
            bool joins = !all.Any(a => Dominance.Dominates(a, v) || a.SequenceEqual(v));
            Assert.Equal(joins, running.Add(v));
            all.Add(v);
            // Asked now and then, as a progress line is.
            if (random.NextInt(3) == 0) Agrees(running, all, stated);
        }
        Agrees(running, all, stated);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(int.MaxValue));

    [Fact]
    public void Before_the_first_vector_there_is_nothing_and_infinities_are_left_out()
    {
        var running = new RunningFront(2);
        Assert.Equal((0, 0.0), (running.Members.Count, running.Hypervolume));
        Assert.False(running.Add([1, double.PositiveInfinity]));
        Assert.False(running.Add([double.NaN, 1]));
        Assert.Null(running.Reference);
        Assert.True(running.Add([1, 2]));
        Assert.Throws<ArgumentException>(() => running.Add([1]));
    }

    [Fact]
    public void The_knee_is_between_the_ends_of_the_front_or_nowhere()
    {
        Assert.Equal(-1, KneePoint.Of([[0, 1], [1, 0]]));
        Assert.Equal(-1, KneePoint.Of([[0.5, 0.5]]));
        // The end (0, 0.1) is nearly as good in the second loss as any; of what lies beyond it nothing is known.
        Assert.Equal(1, KneePoint.Of([[0, 0.1], [0.5, 0.05], [1, 0]]));
        Assert.Equal(2, KneePoint.Of([[0, 1], [0.9, 0.08], [0.1, 0.1], [1, 0]]));
    }
}
