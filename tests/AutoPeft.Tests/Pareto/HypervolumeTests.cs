using AutoPeft.Pareto;
using AutoPeft.Randomness;

namespace AutoPeft.Tests.Pareto;

public sealed class HypervolumeTests
{
    /// <summary>Recursive slicing along the last loss, with no pruning and no shared code: slow and obviously right.</summary>
    private static double BySlicing(double[][] points, double[] reference, int m)
    {
        double[][] inside = [.. points.Where(p => Enumerable.Range(0, m).All(j => p[j] < reference[j]))];
        if (inside.Length == 0) return 0;
        if (m == 1) return reference[0] - inside.Min(p => p[0]);
        double[] levels = [.. inside.Select(p => p[m - 1]).Distinct().Order(), reference[m - 1]];
        double volume = 0;
        for (int i = 0; i + 1 < levels.Length; i++)
            volume += (levels[i + 1] - levels[i]) * BySlicing([.. inside.Where(p => p[m - 1] <= levels[i])], reference, m - 1);
        return volume;
    }

    /// <summary>Inclusion–exclusion over all subsets.</summary>
    private static double ByInclusionExclusion(double[][] points, double[] reference)
    {
        double volume = 0;
        for (int mask = 1; mask < 1 << points.Length; mask++)
        {
            double box = 1;
            for (int j = 0; j < reference.Length; j++)
            {
                double corner = double.NegativeInfinity;
                for (int i = 0; i < points.Length; i++)
                    if ((mask >> i & 1) == 1) corner = Math.Max(corner, points[i][j]);
                box *= Math.Max(reference[j] - corner, 0);
            }
            volume += int.PopCount(mask) % 2 == 1 ? box : -box;
        }
        return volume;
    }

    private static double[][] RandomSet(Philox random, int n, int m, bool ties)
    {
        var set = new double[n][];
        for (int i = 0; i < n; i++)
        {
            set[i] = new double[m];
            for (int j = 0; j < m; j++) set[i][j] = ties ? random.NextInt(5) * 0.25 : random.NextDouble() * 1.1;
        }
        return set;
    }

    [Fact]
    public void It_agrees_with_slicing_and_inclusion_exclusion_on_1000_random_sets_of_1_to_6_losses()
    {
        for (int k = 0; k < 1000; k++)
        {
            var random = new Philox(17, (ulong)k);
            int m = 1 + k % 6, n = random.NextInt(m <= 3 ? 25 : m == 4 ? 12 : 8);
            double[][] set = RandomSet(random, n, m, ties: k % 3 == 0);
            double[] reference = [.. Enumerable.Repeat(1.0, m)];
            double expected = n <= 8 ? ByInclusionExclusion(set, reference) : BySlicing(set, reference, m);
            Assert.Equal(expected, Hypervolume.Compute(set, reference), 1e-12 + 1e-10 * expected);
        }
    }

    [Fact]
    public void Contributions_are_the_differences_of_volumes()
    {
        for (int k = 0; k < 200; k++)
        {
            var random = new Philox(23, (ulong)k);
            int m = 2 + k % 4;
            double[][] set = RandomSet(random, 1 + random.NextInt(12), m, ties: k % 4 == 0);
            double[] reference = [.. Enumerable.Repeat(1.0, m)];
            double all = Hypervolume.Compute(set, reference);
            double[] contributions = Hypervolume.Contributions(set, reference);
            for (int i = 0; i < set.Length; i++)
                Assert.Equal(all - Hypervolume.Compute([.. set.Where((_, r) => r != i)], reference), contributions[i], 1e-9);
        }
    }

    [Theory]
    [InlineData(2, 120 + 2.0 / 3)]
    [InlineData(3, 120 + 1.0 / 3)]
    public void A_dense_ZDT_front_reaches_the_published_volume(int problem, double published)
    {
        // ZDT1: f2 = 1 − √f1; ZDT2: f2 = 1 − f1²; reference (11, 11). A staircase of n points falls short by O(1/n).
        double[][] front = [.. Enumerable.Range(0, 200_001).Select(i => i / 200_000.0)
            .Select(x => new[] { x, problem == 2 ? 1 - Math.Sqrt(x) : 1 - x * x })];
        Assert.Equal(published, Hypervolume.Compute(front, [11, 11]), 1e-4);
    }

    [Fact]
    public void A_dense_sphere_front_of_three_losses_reaches_the_closed_form()
    {
        // DTLZ2's front: the unit sphere's positive octant; reference 1.1: 1.331 − π/6.
        const int N = 40;
        var front = new List<double[]>();
        for (int a = 0; a <= N; a++)
            for (int b = 0; b <= N; b++)
            {
                double u = a * Math.PI / 2 / N, v = b * Math.PI / 2 / N;
                front.Add([Math.Cos(u) * Math.Cos(v), Math.Cos(u) * Math.Sin(v), Math.Sin(u)]);
            }
        double volume = Hypervolume.Compute(front, [1.1, 1.1, 1.1]);
        Assert.InRange(volume, 1.331 - Math.PI / 6 - 0.06, 1.331 - Math.PI / 6);
    }

    [Fact]
    public void Points_at_or_beyond_the_reference_and_NaN_add_nothing()
    {
        Assert.Equal(0, Hypervolume.Compute([], [1, 1]));
        Assert.Equal(0, Hypervolume.Compute([[1, 0]], [1, 1]));
        Assert.Equal(0.25, Hypervolume.Compute([[0.5, 0.5], [double.NaN, 0], [2, -5]], [1, 1]));
    }

    [Fact]
    public void A_reference_that_is_not_finite_or_of_another_length_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Hypervolume.Compute([[0, 0]], [1, double.PositiveInfinity]));
        Assert.Throws<ArgumentException>(() => Hypervolume.Compute([[0, 0, 0]], [1, 1]));
    }
}
