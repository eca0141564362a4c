using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.Prefix;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Adapters;

/// <summary>Gradients of the classification loss for every trained number, against central differences in float64.</summary>
public class GradientTests
{
    [Theory]
    [InlineData("full")]
    [InlineData("head")]
    [InlineData("bitfit")]
    [InlineData("lora r2 a3 qkvoif")]
    [InlineData("lora r3 a4 rs qv")]
    [InlineData("dora r2 a3 qkvoif")]
    [InlineData("ia3")]
    [InlineData("serial 4")]
    [InlineData("parallel 3")]
    [InlineData("prefix 2 flat")]
    [InlineData("prefix 2")]
    [InlineData("prompt 3")]
    [InlineData("mam 2 3")]
    [InlineData("serial 2 + parallel 3 + prefix 2 flat + lora r2 qf + ia3")]
    public void Gradients_equal_central_differences(string name)
    {
        var plan = PeftPlan.FromName(name, CentralDifferences.Config);
        // The MLP's full width would make a hundred thousand differences of it; the form is the same at 5.
        plan = plan with
        {
            Blocks =
            [.. plan.Blocks.Select(b => b is PrefixMlpBlock mlp ? mlp with { Bottleneck = 5 } : b)]
        };
        using var scope = NewDisposeScope();
        var model = new BertForSequenceClassification(CentralDifferences.Config, 3);
        model.to(ScalarType.Float64);
        PeftModel.Apply(model, plan, 1);
        BertOracle.Fill(model);
        CentralDifferences.Check(model);
    }
}
