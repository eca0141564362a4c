using AutoPeft.Peft.Training;
using FsCheck;
using FsCheck.Fluent;

namespace AutoPeft.Peft.Tests.Training;

public class BatchOrderTests
{
    [Fact]
    public void An_epoch_has_every_example_once_whatever_the_sizes() =>
        Prop.ForAll(Gen.Choose(1, 300).ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(), ArbMap.Default.ArbFor<bool>(),
            (count, size, group) =>
        {
            int[] lengths = [.. Enumerable.Range(0, count).Select(i => 3 + i * 37 % 29)];
            List<int[]> batches = BatchOrder.Epoch(lengths, size, group, 7, count % 3);
            return batches.SelectMany(b => b).Order().SequenceEqual(Enumerable.Range(0, count))
                && batches.Count == (count + size - 1) / size
                && batches.All(b => b.Length <= size);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_order_hangs_on_seed_and_epoch_alone()
    {
        int[] lengths = [.. Enumerable.Range(0, 100).Select(i => 3 + i % 13)];
        static string Text(List<int[]> batches) => string.Join('|', batches.Select(b => string.Join(',', b)));
        Assert.Equal(Text(BatchOrder.Epoch(lengths, 8, true, 1, 2)), Text(BatchOrder.Epoch(lengths, 8, true, 1, 2)));
        Assert.NotEqual(Text(BatchOrder.Epoch(lengths, 8, true, 1, 2)), Text(BatchOrder.Epoch(lengths, 8, true, 1, 3)));
        Assert.NotEqual(Text(BatchOrder.Epoch(lengths, 8, true, 1, 2)), Text(BatchOrder.Epoch(lengths, 8, true, 2, 2)));
    }

    [Fact]
    public void Grouping_by_length_saves_most_of_the_padding()
    {
        int[] lengths = [.. Enumerable.Range(0, 2000).Select(i => 3 + i * 7919 % 61)];
        long Padding(bool group) => BatchOrder.Epoch(lengths, 32, group, 1, 0).Sum(b => b.Sum(i => b.Max(j => lengths[j]) - lengths[i]));
        Assert.True(Padding(true) < Padding(false) / 5);
    }
}
