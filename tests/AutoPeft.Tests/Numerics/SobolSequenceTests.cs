using AutoPeft.Numerics;
using AutoPeft.Randomness;

namespace AutoPeft.Tests.Numerics;

public sealed class SobolSequenceTests
{
    [Fact]
    public void The_plain_sequence_is_joe_and_kuos()
    {
        // scipy.stats.qmc.Sobol(160, scramble=False), points 37 and 50.
        int[] dimensions = [0, 1, 2, 3, 10, 50, 99, 159];
        var sobol = new SobolSequence(160, null);
        var point = new double[160];
        sobol.Point(37, point);
        Assert.Equal([0.921875, 0.640625, 0.578125, 0.921875, 0.015625, 0.421875, 0.171875, 0.984375], dimensions.Select(d => point[d]));
        sobol.Point(50, point);
        Assert.Equal([0.828125, 0.484375, 0.546875, 0.390625, 0.734375, 0.453125, 0.515625, 0.703125], dimensions.Select(d => point[d]));
    }

    [Theory]
    [InlineData(1ul), InlineData(2ul), InlineData(3ul)]
    public void Scrambled_points_still_fill_every_interval_and_every_elementary_square_once(ulong seed)
    {
        var sobol = new SobolSequence(2, new Philox(seed));
        var point = new double[2];
        var rows = new HashSet<int>();
        var columns = new HashSet<int>();
        var squares = new HashSet<(int, int)>();
        for (uint i = 0; i < 64; i++)
        {
            sobol.Point(i, point);
            rows.Add((int)(point[0] * 64));
            columns.Add((int)(point[1] * 64));
            squares.Add(((int)(point[0] * 8), (int)(point[1] * 8)));
        }
        Assert.Equal((64, 64, 64), (rows.Count, columns.Count, squares.Count));
    }

    [Fact]
    public void Seeds_give_different_points()
    {
        double[] a = new double[3], b = new double[3];
        new SobolSequence(3, new Philox(1)).Point(5, a);
        new SobolSequence(3, new Philox(2)).Point(5, b);
        Assert.NotEqual(a, b);
    }
}
