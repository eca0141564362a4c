using AutoPeft.Peft.Adapters.Prompt;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>
    /// Virtual tokens in front of the embedded sequence (Lester et al., EMNLP 2021); the pooler then reads the first of them, as Hugging
    /// Face has it.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="length">Virtual tokens, at least 1.</param>
    public static PeftPlan Prompt(BertConfig config, int length)
    {
        Positive("prompt length", length);
        if (length >= config.MaxPositionEmbeddings)
            throw new InvalidInputException(
                $"a prompt of {length} tokens does not fit max_position_embeddings = {config.MaxPositionEmbeddings}");
        return PeftPlan.OfBlocks($"prompt {length}", config, [SitePoint.Embeddings], site => new PromptBlock(site, length));
    }
}
