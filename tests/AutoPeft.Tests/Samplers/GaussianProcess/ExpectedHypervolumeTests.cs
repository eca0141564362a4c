using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;

namespace AutoPeft.Tests.Samplers.GaussianProcess;

public sealed class ExpectedHypervolumeTests
{
    private static double[][] RandomFront(Philox random, int n, int m, bool ties) =>
        [.. Enumerable.Range(0, n)
            .Select(_ => Enumerable.Range(0, m).Select(_ => ties ? random.NextInt(6) / 5.0 : random.NextDouble()).ToArray())];

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Every_point_that_is_not_dominated_lies_in_exactly_one_box(int m)
    {
        for (ulong seed = 0; seed < 30; seed++)
        {
            var random = new Philox(seed);
            double[][] set = RandomFront(random, 1 + random.NextInt(15), m, seed % 3 == 0);
            var boxes = new BoxDecomposition(set, [.. Enumerable.Repeat(1.0, m)]);
            for (int k = 0; k < 200; k++)
            {
                double[] y = [.. Enumerable.Range(0, m).Select(_ => random.NextDouble() * 1.2 - 0.1)];
                bool improves = y.All(v => v < 1) && !set.Any(p => p.All(v => v < 1) && p.Zip(y).All(q => q.First <= q.Second));
                int inside = 0;
                for (int b = 0; b < boxes.Count; b++)
                    if (Enumerable.Range(0, m)
                        .All(j => y[j] >= boxes.Levels[j][boxes.Lower[b * m + j]] && y[j] < boxes.Levels[j][boxes.Upper[b * m + j]]))
                        inside++;
                Assert.Equal(improves ? 1 : 0, inside);
            }
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void It_is_the_mean_of_simulated_improvements(int m)
    {
        var random = new Philox(11, (ulong)m);
        double[][] set = RandomFront(random, 8, m, false);
        double[] reference = [.. Enumerable.Repeat(1.0, m)];
        double before = Hypervolume.Compute(set, reference);
        var exact = new ExpectedHypervolume(new BoxDecomposition(set, reference));
        double[] mean = [.. Enumerable.Repeat(0.35, m)], deviation = [.. Enumerable.Range(0, m).Select(j => 0.2 + 0.05 * j)];
        const int Draws = 20_000;
        double sum = 0, squares = 0;
        for (int k = 0; k < Draws; k++)
        {
            double[] y = [.. mean.Select((u, j) => u + deviation[j] * random.NextNormal())];
            double gain = Hypervolume.Compute([.. set, y], reference) - before;
            sum += gain;
            squares += gain * gain;
        }
        double average = sum / Draws, error = Math.Sqrt((squares / Draws - average * average) / Draws);
        Assert.Equal(average, Math.Exp(exact.Log(mean, deviation)), 4 * error);
    }

    [Theory]
    [InlineData(2), InlineData(3)]
    public void Deep_in_the_dominated_region_the_logarithm_stays_finite_and_points_outwards(int m)
    {
        double[][] set = [[.. Enumerable.Repeat(0.2, m)]];
        var exact = new ExpectedHypervolume(new BoxDecomposition(set, [.. Enumerable.Repeat(1.0, m)]));
        double[] mean = [.. Enumerable.Range(0, m).Select(j => 0.9 - 0.07 * j)], deviation = [.. Enumerable.Repeat(0.005, m)],
            byMean = new double[m], byDeviation = new double[m];
        double value = exact.Log(mean, deviation, byMean, byDeviation);
        Assert.True(double.IsFinite(value) && value < -1000);
        Assert.Contains(byMean, d => d < -1);
        for (int j = 0; j < m; j++)
        {
            double[] up = [.. mean];
            up[j] -= 1e-6;
            double numeric = (value - exact.Log(up, deviation)) / 1e-6;
            Assert.Equal(numeric, byMean[j], Math.Max(1, 1e-3 * Math.Abs(numeric)));
        }
    }
}
