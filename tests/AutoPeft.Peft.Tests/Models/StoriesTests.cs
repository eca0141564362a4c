using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tests.Oracles;
using AutoPeft.Peft.Tokenizers;
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

    [SkippableFact]
    public void Stories260k_tells_its_known_story_with_its_known_likelihood()
    {
        string folder = PublicData.Require("stories260k");
        using DecoderModel model = DecoderModel.Load(folder);
        model.eval();
        (int Id, double LogProbability)[] story = [.. TextGeneration.Greedy(model, [1], 31)];
        Assert.Equal(0.180356, -story.Average(t => t.LogProbability), 1e-5);
        string text = BytePairTokenizer.Load(folder).Decode(story.Select(t => t.Id));
        Assert.StartsWith("Once upon a time, there was a little girl named Lily", text, StringComparison.Ordinal);

        // Read at once, without kept keys and values, each token is the likeliest one again, with that likelihood.
        using var scope = NewDisposeScope();
        long[] read = [1, .. story.Select(t => (long)t.Id)];
        Tensor scores = model.forward(tensor(read).view(1, -1))[0].log_softmax(-1);
        for (int i = 0; i < story.Length; i++)
        {
            Assert.Equal(story[i].Id, scores[i].argmax().ToInt64());
            Assert.Equal(story[i].LogProbability, scores[i][story[i].Id].ToDouble(), 1e-4);
        }
    }

    private static void AssertTop(Tensor logits, (long Id, double Logit)[] expected)
    {
        var (values, ids) = logits.topk(expected.Length);
        Assert.Equal(expected.Select(e => e.Id), ids.data<long>().ToArray());
        foreach (var (value, (_, logit)) in values.data<float>().ToArray().Zip(expected)) Assert.Equal(logit, value, 1e-4);
    }
}
