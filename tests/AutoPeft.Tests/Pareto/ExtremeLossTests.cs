using AutoPeft.Pareto;
using AutoPeft.Randomness;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Tests.Pareto;

/// <summary>Losses at the ends of what a double holds.</summary>
public sealed class ExtremeLossTests
{
    private static double Any(Philox random)
    {
        double any = BitConverter.UInt64BitsToDouble(random.NextUInt64());
        return random.NextInt(4) == 0 ? random.NextInt(2) == 0 ? double.MaxValue : double.MinValue : double.IsFinite(any) ? any : 1;
    }

    private static void ForAll(Action<double[][], Philox> property) => Prop.ForAll(ArbMap.Default.ArbFor<uint>(), (uint seed) =>
    {
        var random = new Philox(seed, 5);
        int m = 1 + random.NextInt(4);
        property([.. Enumerable.Range(0, 1 + random.NextInt(7)).Select(_ => Enumerable.Range(0, m).Select(_ => Any(random)).ToArray())],
            random);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(int.MaxValue));

    [Fact]
    public void An_inferred_reference_point_is_finite_and_beyond_the_front_where_a_double_can_be() => ForAll((losses, _) =>
    {
        double[] reference = ReferencePoint.Infer(losses);
        foreach (int i in Dominance.NonDominated(losses))
            for (int j = 0; j < reference.Length; j++)
                Assert.True(
                    double.IsFinite(reference[j])
                        && (losses[i][j] < reference[j] || Math.Abs(losses[i][j]) >= 0.9 * double.MaxValue || losses[i][j] == 0
                            || Math.Abs(losses[i][j]) < 1e-300), $"{losses[i][j]} and {reference[j]}");
    });

    [Fact]
    public void A_reference_point_lies_beyond_a_front_that_is_tiny_beside_its_range()
    {
        double[] reference = ReferencePoint.Infer([[1.346552286063776e-15, 2], [-1, 3]]);
        Assert.True(reference[0] > 1.346552286063776e-15, $"{reference[0]}");
        Assert.True(ReferencePoint.Infer([[1.346552286063776e-15, 0], [7, 1]])[0] > 1.346552286063776e-15);
    }

    [Fact]
    public void Volumes_crowding_and_knee_are_never_undefined() => ForAll((losses, _) =>
    {
        double[] reference = ReferencePoint.Infer(losses);
        Assert.False(double.IsNaN(Hypervolume.Compute(losses, reference)));
        Assert.All(Hypervolume.Contributions(losses, reference), v => Assert.False(double.IsNaN(v)));
        Assert.All(Hypervolume.RelativeContributions(losses, reference), v => Assert.True(double.IsFinite(v) && v >= 0));
        Assert.All(Dominance.Crowding(losses), v => Assert.False(double.IsNaN(v)));
        Assert.InRange(KneePoint.Of(losses), -1, losses.Length - 1);
    });

    [Fact]
    public void A_power_of_two_changes_a_volume_by_itself_alone()
    {
        double[][] losses = [[1, 4], [2, 2], [4, 1]];
        double[] reference = [5, 5];
        double volume = Hypervolume.Compute(losses, reference);
        double[][] Huge(int e) => [.. losses.Select(l => l.Select(v => Math.ScaleB(v, e)).ToArray())];
        double[] Reference(int e) => [.. reference.Select(v => Math.ScaleB(v, e))];
        foreach (int e in (int[])[-500, -300, 0, 300, 500])
            Assert.Equal(Math.ScaleB(volume, 2 * e), Hypervolume.Compute(Huge(e), Reference(e)));
        Assert.Equal(Hypervolume.Contributions(losses, reference), Hypervolume.RelativeContributions(Huge(0), Reference(0)));
        double[] there = Hypervolume.RelativeContributions(Huge(1000), Reference(1000)),
            here = Hypervolume.Contributions(losses, reference);
        Assert.Equal(here[0] / here[1], there[0] / there[1], 1e-12);
        Assert.Equal(double.PositiveInfinity, Hypervolume.Compute(Huge(1000), Reference(1000)));
    }
}
