using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Adapters;

/// <summary>Every method against an independent implementation of its paper's formula.</summary>
public class AdapterFormTests
{
    public static TheoryData<string> Methods => [.. Oracle.Keys];

    private static readonly Dictionary<string, (Func<PeftPlan> Plan, double[] Logits)> Oracle = new()
    {
        ["LoRA"] = (() => PeftMethods.Lora(TinyModel.Config, TinyModel.Lora(2, 3)), BertOracle.Lora),
        ["rsLoRA"] = (() => PeftMethods.Lora(TinyModel.Config, TinyModel.Lora(2, 1.5 * Math.Sqrt(2)) with { RankStabilised = true }),
            BertOracle.Lora),
        ["DoRA"] = (() => PeftMethods.Lora(TinyModel.Config, TinyModel.Lora(2, 3) with { DecomposeWeight = true }), BertOracle.Dora),
        ["(IA)³"] = (() => PeftMethods.Ia3(TinyModel.Config), BertOracle.Ia3),
        ["serial adapter"] = (() => PeftMethods.Serial(TinyModel.Config, 4), BertOracle.Serial),
        ["parallel adapter"] = (() => PeftMethods.Parallel(TinyModel.Config, 5), BertOracle.Parallel),
        ["prefix without MLP"] = (() => PeftMethods.Prefix(TinyModel.Config, 3, bottleneck: 0), BertOracle.PrefixFlat),
        ["prefix that shifts positions"] =
            (() => PeftMethods.Prefix(TinyModel.Config, 3, bottleneck: 0) with { ShiftPositions = true }, BertOracle.PrefixShifted),
        ["AutoPEFT on one layer"] = (() => PeftMethods.AutoPeft(TinyModel.Config, 2, 3, 4, [1]), BertOracle.AutoPeftOnLayer1),
        ["MAM"] = (() => PeftMethods.Mam(TinyModel.Config, 3, 6), BertOracle.MamOfPrefix3AndParallel6),
        ["prompt"] = (() => PeftMethods.Prompt(TinyModel.Config, 4), BertOracle.Prompt),
    };

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_method_computes_its_papers_formula(string method)
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(Oracle[method].Plan());
        BertOracle.AssertClose(Oracle[method].Logits, TinyModel.Logits(model), 1e-11);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_method_computes_the_same_in_training_without_dropout(string method)
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(Oracle[method].Plan());
        model.train();
        for (var step = 0; step < 2; step++)
        {
            var logits = TinyModel.Logits(model);
            BertOracle.AssertClose(Oracle[method].Logits, logits, 1e-11);
            logits.sum().backward();
        }
    }

    [Fact]
    public void The_encoder_answers_for_the_sequence_alone_when_a_prompt_stands_before_it()
    {
        using var scope = NewDisposeScope();
        var model = TinyModel.Filled(PeftMethods.Prompt(TinyModel.Config, 4));
        var (ids, types, mask) = BertOracle.Inputs();
        Assert.Equal([2, 7, 12], model.Bert.forward(ids, types, mask).shape);
    }

    [Fact]
    public void Dropout_of_LoRA_acts_in_training_alone_and_keeps_the_mean()
    {
        using var scope = NewDisposeScope();
        foreach (var decompose in new[] { false, true })
        {
            var options = TinyModel.Lora(2, 0.02) with { Dropout = 0.3, DecomposeWeight = decompose };
            var model = TinyModel.Filled(PeftMethods.Lora(TinyModel.Config, options));
            var without = TinyModel.Answers(model);
            Assert.Equal(without, TinyModel.Answers(model));
            model.train();
            manual_seed(0);
            var draws = Enumerable.Range(0, 400).Select(_ => TinyModel.Answers(model)).ToList();
            Assert.NotEqual(draws[0], draws[1]);
            for (var i = 0; i < without.Length; i++)
            {
                var mean = draws.Average(d => d[i]);
                var error = Math.Sqrt(draws.Average(d => Math.Pow(d[i] - mean, 2)) / draws.Count);
                // The update is small, so the network is nearly linear in it and its dropout is nearly unbiased.
                Assert.True(Math.Abs(mean - without[i]) < 5 * error + 2e-3, $"{mean} against {without[i]} ± {error}");
            }
        }
    }
}
