using AutoPeft.Peft.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>The loss of a causal language model: the mean of −log p(next token).</summary>
internal static class CausalLoss
{
    /// <param name="logits"><c>[batch, tokens, vocabulary]</c>.</param>
    /// <param name="targets"><c>[batch, tokens]</c> int64.</param>
    /// <param name="zLoss">Coefficient of the z-loss.</param>
    /// <returns>
    /// The mean loss, and what is to be minimised: the loss and the z-loss. Both scalars; one tensor where there is no z-loss.
    /// </returns>
    public static (Tensor Loss, Tensor Minimised) Of(Tensor logits, Tensor targets, double zLoss)
    {
        using var scope = NewDisposeScope();
        Tensor flat = logits.reshape(-1, logits.shape[^1]);
        if (flat.dtype is ScalarType.Float16 or ScalarType.BFloat16) flat = flat.to(ScalarType.Float32);
        Tensor loss = nn.functional.cross_entropy(flat, targets.reshape(-1)).MoveToOuterDisposeScope();
        if (zLoss == 0) return (loss, loss);
        Tensor minimised = loss + flat.logsumexp(-1).square().mean() * zLoss;
        return (loss, minimised.MoveToOuterDisposeScope());
    }

    /// <summary>A model's mean loss over the first tokens of a text, nats a token.</summary>
    /// <param name="model">The model; it is put into evaluation mode and back.</param>
    /// <param name="blocks">The text.</param>
    /// <param name="tokens">How many tokens at most.</param>
    /// <param name="batchSize">Sequences at once.</param>
    /// <param name="cancellationToken">Honoured within a batch.</param>
    public static double Mean(DecoderModel model, TokenBlocks blocks, int tokens, int batchSize, CancellationToken cancellationToken)
    {
        bool training = model.training;
        model.eval();
        try
        {
            using var mode = no_grad();
            double sum = 0;
            int[] starts = blocks.InOrder(tokens);
            foreach (int[] batch in starts.Chunk(batchSize))
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var (inputs, targets) = blocks.Read(batch, model.HeadWeight.device);
                sum += batch.Length * Of(model.forward(inputs), targets, 0).Loss.ToDouble();
            }
            return sum / starts.Length;
        }
        finally
        {
            model.train(training);
        }
    }
}
