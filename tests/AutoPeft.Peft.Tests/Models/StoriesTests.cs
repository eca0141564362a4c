using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Models;

/// <summary>A real pretrained decoder: stories260K of llama2.c, in Hugging Face's layout.</summary>
public sealed class StoriesTests
{
    [SkippableFact]
    public void Stories260k_gives_its_known_logits()
    {
        using DecoderModel model = DecoderModel.Load(PublicData.Require("stories260k"));
        model.eval();
        using var scope = NewDisposeScope();
        Assert.Equal(260_032, model.parameters().Sum(p => p.numel()));
        Tensor logits = model.forward(tensor([1L, 403]).view(1, 2))[0];
        AssertTop(logits[0], [(403, 17.02352), (385, 15.40621), (410, 13.10826), (317, 12.76917), (407, 12.41809)]);
        AssertTop(logits[1], [(407, 18.45998), (383, 14.29106), (261, 10.89797)]);
    }

    private static void AssertTop(Tensor logits, (long Id, double Logit)[] expected)
    {
        var (values, ids) = logits.topk(expected.Length);
        Assert.Equal(expected.Select(e => e.Id), ids.data<long>().ToArray());
        foreach (var (value, (_, logit)) in values.data<float>().ToArray().Zip(expected)) Assert.Equal(logit, value, 1e-4);
    }
}
