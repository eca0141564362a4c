using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>A method whose name is one word, without settings.</summary>
/// <param name="word">The word.</param>
/// <param name="encoder">Its plan of an encoder.</param>
/// <param name="decoder">Its plan of a decoder; null: decoders do not take the method.</param>
internal abstract class WordMethod(string word, Func<BertConfig, PeftPlan> encoder, Func<DecoderConfig, PeftPlan>? decoder) : PeftMethod
{
    public sealed override IReadOnlyList<string> Names { get; } = [word];

    public sealed override IReadOnlyList<string> Examples => Names;

    public sealed override IReadOnlyList<string> DecoderExamples => decoder is null ? [] : Names;

    public sealed override PeftPlan Plan(PlanWords words, BertConfig config)
    {
        words.RequireSettings(0);
        return encoder(config);
    }

    public sealed override PeftPlan? Plan(PlanWords words, DecoderConfig config)
    {
        if (decoder is null) return null;
        words.RequireSettings(0);
        return decoder(config);
    }
}
