using AutoPeft.Peft.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>Continues a text by the likeliest token, again and again.</summary>
internal static class TextGeneration
{
    /// <summary>
    /// The tokens that follow a prompt, one by one as they are found; each costs one token's computation, since keys and values of the
    /// tokens before are kept. Ends at the model's end-of-text token, which is not given, or where its positions end.
    /// </summary>
    /// <param name="model">The model; it should be in evaluation mode.</param>
    /// <param name="prompt">What is there already, at least one token.</param>
    /// <param name="count">Tokens at most.</param>
    /// <param name="cancellationToken">Honoured within a token.</param>
    /// <returns>Each token with the natural logarithm of its probability.</returns>
    /// <exception cref="InvalidInputException">
    /// The prompt is empty, longer than the model's positions, or holds ids that the model lacks.
    /// </exception>
    public static IEnumerable<(int Id, double LogProbability)> Greedy(
        DecoderModel model, IReadOnlyList<int> prompt, int count, CancellationToken cancellationToken = default)
    {
        DecoderConfig config = model.Config;
        if (prompt.Count == 0) throw new InvalidInputException("the prompt holds no token; give some text");
        if (prompt.Count > config.MaxPositionEmbeddings)
            throw new InvalidInputException($"the prompt's {prompt.Count} tokens "
                + $"are more than the model's {config.MaxPositionEmbeddings} positions");
        if (prompt.FirstOrDefault(id => (uint)id >= (uint)config.VocabSize, -1) is >= 0 and var bad)
            throw new InvalidInputException($"the prompt holds the id {bad}; the model's vocabulary ends at {config.VocabSize - 1}");
        return Continue(model, [.. prompt], Math.Min(count, config.MaxPositionEmbeddings - prompt.Count), cancellationToken);
    }

    private static IEnumerable<(int Id, double LogProbability)> Continue(
        DecoderModel model, int[] prompt, int count, CancellationToken cancellationToken)
    {
        PastKeysAndValues[] past = [.. model.Layers.Select(_ => new PastKeysAndValues())];
        try
        {
            int[] next = prompt;
            for (int i = 0; i < count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                (int Id, double LogProbability) found = Likeliest(model, next, past);
                if (found.Id == model.Config.EosTokenId) yield break;
                yield return found;
                next = [found.Id];
            }
        }
        finally
        {
            foreach (PastKeysAndValues layer in past) layer.Dispose();
        }
    }

    private static (int Id, double LogProbability) Likeliest(DecoderModel model, int[] tokens, PastKeysAndValues[] past)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids = tensor(Array.ConvertAll(tokens, t => (long)t), [1, tokens.Length], device: model.HeadWeight.device);
        Tensor last = model.Stack.Forward(ids, past).narrow(1, tokens.Length - 1, 1);
        Tensor scores = model.Logits(last).view(-1).to(ScalarType.Float32).log_softmax(-1);
        long best = scores.argmax().ToInt64();
        return ((int)best, scores[best].ToDouble());
    }
}
