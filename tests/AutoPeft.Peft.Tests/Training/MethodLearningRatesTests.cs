using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Training;

namespace AutoPeft.Peft.Tests.Training;

public sealed class MethodLearningRatesTests
{
    [Theory]
    [InlineData("lora r2 qv", 1e-4), InlineData("full", 2e-5), InlineData("head", 1e-3)]
    public void A_rate_that_nobody_gave_is_BERT_bases_by_width_and_one_that_was_given_is_that(string plan, double atBase)
    {
        var small = new BertConfig { HiddenSize = 64, NumHiddenLayers = 2, NumAttentionHeads = 2, IntermediateSize = 128, VocabSize = 50 };
        BertConfig wide = small with { HiddenSize = 768, NumAttentionHeads = 12 };
        double Of(BertConfig config, MethodLearningRates rates) => rates.For(PeftPlan.FromName(plan, config), config);
        Assert.Equal(atBase, Of(wide, new()), 12);
        Assert.Equal(12 * atBase, Of(small, new()), 12);
        MethodLearningRates given = new() { Adapters = 0.25, Full = 0.5, HeadOnly = 0.75 };
        Assert.Equal(atBase switch { 1e-4 => 0.25, 2e-5 => 0.5, _ => 0.75 }, Of(small, given));
        Assert.Equal(Of(wide, given), Of(small, given));
    }
}
