using AutoPeft.Randomness;

namespace AutoPeft.Tests.Randomness;

public class PhiloxTests
{
    // Random123's kat_vectors, philox4x32 with 10 rounds: counter, key, answer.
    [Theory]
    [InlineData("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8")]
    [InlineData("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd")]
    [InlineData("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1")]
    public void The_published_answers_come_out(string counter, string key, string answer)
    {
        uint[] c = Words(counter), k = Words(key), a = Words(answer);
        Assert.Equal((a[0], a[1], a[2], a[3]), Philox.Block(c[0], c[1], c[2], c[3], k[0], k[1]));
    }

    [Fact]
    public void A_stream_is_the_blocks_in_order_of_their_counter()
    {
        var stream = new Philox(0);
        for (uint block = 0; block < 3; block++)
        {
            (uint, uint, uint, uint) expected = Philox.Block(block, 0, 0, 0, 0, 0);
            Assert.Equal(expected, (stream.NextUInt32(), stream.NextUInt32(), stream.NextUInt32(), stream.NextUInt32()));
        }
    }

    [Fact]
    public void Seed_number_and_purpose_each_name_another_stream()
    {
        var firsts = new HashSet<ulong>();
        ulong[] seeds = [0, 1, 1UL << 32, ulong.MaxValue], numbers = [0, 1, 2, 1000, uint.MaxValue];
        foreach (ulong seed in seeds)
            foreach (ulong number in numbers)
                foreach (StreamPurpose purpose in Enum.GetValues<StreamPurpose>())
                    Assert.True(firsts.Add(new Philox(seed, number, purpose).NextUInt64()), $"{seed} {number} {purpose}");
        Assert.Equal(new Philox(5, 6, StreamPurpose.Data).NextUInt64(), new Philox(5, 6, StreamPurpose.Data).NextUInt64());
    }

    [Fact]
    public void Doubles_are_uniform()
    {
        var random = new Philox(1);
        double[] sample = [.. Enumerable.Range(0, 20_000).Select(_ => random.NextDouble())];
        Assert.True(Uniformity.KolmogorovSmirnov(sample, x => x) < Uniformity.KsLimit);
        Assert.All(sample, x => Assert.InRange(x, 0, 1 - 1e-16));
    }

    [Fact]
    public void Neighbouring_streams_are_uncorrelated()
    {
        // First numbers of consecutive trials: what a sampler draws first in each.
        double[] sample = [.. Enumerable.Range(0, 20_000).Select(i => new Philox(3, (ulong)i, StreamPurpose.Training).NextDouble())];
        Assert.True(Uniformity.KolmogorovSmirnov(sample, x => x) < Uniformity.KsLimit);
        double lag1 = sample.Zip(sample.Skip(1)).Average(p => (p.First - 0.5) * (p.Second - 0.5)) * 12;
        Assert.InRange(lag1, -0.03, 0.03);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Integers_below_a_bound_are_equally_frequent(int bound)
    {
        var random = new Philox(2);
        Uniformity.AssertShares(Enumerable.Range(0, 50_000).Select(_ => (long)random.NextInt(bound)),
            Enumerable.Repeat(1.0 / bound, bound));
    }

    [Fact]
    public void A_bound_near_the_largest_integer_is_unbiased()
    {
        // With the bound 3·2^29, a plain multiplication without rejection would make every third value twice as frequent.
        var random = new Philox(4);
        const int bound = 3 << 29;
        Uniformity.AssertShares(Enumerable.Range(0, 60_000).Select(_ => (long)(random.NextInt(bound) % 3)), [1.0 / 3, 1.0 / 3, 1.0 / 3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt(0));
    }

    [Fact]
    public void Normals_are_normal()
    {
        var random = new Philox(5);
        double[] sample = [.. Enumerable.Range(0, 20_000).Select(_ => random.NextNormal())];
        Assert.True(Uniformity.KolmogorovSmirnov(sample, x => 0.5 * MathNet.Numerics.SpecialFunctions.Erfc(-x / Math.Sqrt(2)))
            < Uniformity.KsLimit);
    }

    [Fact]
    public void A_shuffle_gives_every_order_equally_often()
    {
        var random = new Philox(6);
        var orders = Enumerable.Range(0, 24_000).Select(_ =>
        {
            int[] items = [0, 1, 2, 3];
            random.Shuffle<int>(items);
            return items;
        }).ToList();
        Dictionary<string, long> index =
            orders.Select(o => string.Concat(o)).Distinct().Order().Select((o, i) => (o, (long)i)).ToDictionary();
        Assert.Equal(24, index.Count);
        Uniformity.AssertShares(orders.Select(o => index[string.Concat(o)]), Enumerable.Repeat(1 / 24.0, 24));
    }

    private static uint[] Words(string hex) => [.. hex.Split(' ').Select(w => Convert.ToUInt32(w, 16))];
}
