using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.Bottleneck;
using AutoPeft.Peft.Adapters.Lora;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Tests.Adapters;

public class PlanNameTests
{
    private static readonly BertConfig Small =
        new() { HiddenSize = 128, NumHiddenLayers = 4, NumAttentionHeads = 4, IntermediateSize = 512 };

    [Fact]
    public void A_LoRA_name_says_rank_alpha_dropout_and_targets()
    {
        var block = Lora("lora r4 a16 d0.1 kf");
        Assert.Equal(8, block.Count);
        Assert.All(block, b => Assert.Equal((4.0, 0.1, 4), (b.Scale, b.Dropout, b.Rank)));
        Assert.Equal([SitePoint.Key, SitePoint.FeedForwardOutput], block.Take(2).Select(b => b.Site.Point));
        Assert.Equal(8, Lora("lora r4 a16 rs q")[0].Scale);
        Assert.Equal([SitePoint.Query, SitePoint.Value], Lora("lora").Take(2).Select(b => b.Site.Point));
    }

    [Fact]
    public void A_size_may_be_a_fraction_of_the_width()
    {
        Assert.Equal(8, ((BottleneckBlock)PeftPlan.FromName("serial 48/768", Small).Blocks[0]).Size);
        Assert.Equal(1, ((BottleneckBlock)PeftPlan.FromName("parallel 1/768", Small).Blocks[0]).Size);
        var mam = PeftPlan.FromName("mam", Small);
        Assert.Equal(5, mam.Blocks.OfType<KeyValueBlock>().First().Length);
        Assert.Equal(64, mam.Blocks.OfType<BottleneckBlock>().First().Size);
    }

    [Theory]
    [InlineData("lora r8 qv")]
    [InlineData("dora r4 a16 d0.1 rs qkvoif")]
    public void The_name_of_a_plan_gives_the_plan(string name) => Assert.Equal(name, PeftPlan.FromName(name, Small).Name);

    [Fact]
    public void Methods_joined_by_plus_are_one_plan()
    {
        var plan = PeftPlan.FromName("serial 8 + parallel 4 + prefix 3 + bitfit", Small);
        Assert.Equal("serial 8 + parallel 4 + prefix 3 + bitfit", plan.Name);
        Assert.Equal(BaseTraining.Biases, plan.Base);
        Assert.Equal(12, plan.Blocks.Count);
    }

    [Theory]
    [InlineData("", "no known method")]
    [InlineData("lorra r8", "'lorra r8'")]
    [InlineData("serial", "no known method")]
    [InlineData("serial many", "'many' is not a number")]
    [InlineData("serial 0", "at least 1")]
    [InlineData("serial 4.5", "not a whole number")]
    [InlineData("serial 4 5", "one word too many")]
    [InlineData("lora r8 qx", "'x' in 'qx'")]
    [InlineData("lora r0 q", "rank of 0")]
    [InlineData("bitfit 3", "'3' is one word too many")]
    [InlineData("head 3", "'3' is one word too many")]
    [InlineData("ia3 q", "'q' is one word too many")]
    [InlineData("lora d1.5 q", "dropout of 1.5")]
    [InlineData("prompt 600", "max_position_embeddings = 512")]
    [InlineData("serial 4 + serial 5", "two blocks named 'serial'")]
    public void A_name_that_says_nothing_known_is_refused_in_one_line(string name, string says)
    {
        var error = Assert.Throws<InvalidInputException>(() => PeftPlan.FromName(name, Small));
        Assert.Contains(says, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void An_unknown_activation_is_refused_when_the_block_is_built()
    {
        var block = (BottleneckBlock)PeftPlan.FromName("serial 4", Small).Blocks[0];
        Assert.Equal("relu", block.Nonlinearity);
        Assert.Equal("gelu", (block with { Nonlinearity = "gelu" }).Nonlinearity);
        Assert.Contains("unknown activation 'gelo'",
            Assert.Throws<InvalidInputException>(() => block with { Nonlinearity = "gelo" }).Message, StringComparison.Ordinal);
    }

    private static List<LoraBlock> Lora(string name) => [.. PeftPlan.FromName(name, Small).Blocks.Cast<LoraBlock>()];
}
