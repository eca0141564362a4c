using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>How a model does on a split.</summary>
/// <param name="Score">Score by the task's metric; higher is better.</param>
/// <param name="Loss">Mean cross-entropy in nats, or mean squared error.</param>
/// <param name="Predictions">Predicted class or value of each example, in the split's order.</param>
public sealed record SplitEvaluation(double Score, double Loss, double[] Predictions)
{
    /// <summary>Scores a model without changing it; its training mode is put back.</summary>
    /// <param name="model">The model.</param>
    /// <param name="task">For metric and kind.</param>
    /// <param name="split">On what.</param>
    /// <param name="batchSize">Examples at once.</param>
    /// <param name="cancellationToken">Honoured between batches.</param>
    internal static SplitEvaluation Of(
        BertForSequenceClassification model, TextTask task, EncodedSplit split, int batchSize,
        CancellationToken cancellationToken = default)
    {
        double loss = 0;
        double[] predictions = Pass(model, task, split, batchSize, (output, labels, count) =>
            loss += TaskLoss.Of(output, labels, task.IsRegression).ToDouble() * count, cancellationToken);
        return new SplitEvaluation(task.Metric.Score(split.LabelValues, predictions), loss / split.Count, predictions);
    }

    /// <summary>A model's answers to a split whose labels nobody knows: the class or value of each example, in the split's order.</summary>
    /// <param name="model">The model; its training mode is put back.</param>
    /// <param name="task">For the kind of answer.</param>
    /// <param name="split">On what.</param>
    /// <param name="batchSize">Examples at once.</param>
    /// <param name="cancellationToken">Honoured between batches.</param>
    internal static double[] Predict(
        BertForSequenceClassification model, TextTask task, EncodedSplit split, int batchSize,
        CancellationToken cancellationToken = default) =>
        Pass(model, task, split, batchSize, null, cancellationToken);

    private static double[] Pass(
        BertForSequenceClassification model, TextTask task, EncodedSplit split, int batchSize, Action<Tensor, Tensor, int>? onBatch,
        CancellationToken cancellationToken)
    {
        bool training = model.training;
        model.eval();
        try
        {
            double[] predictions = new double[split.Count];
            using var gradientFree = no_grad();
            foreach (int[] rows in BatchOrder.ByLength(split.Lengths, batchSize))
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                EncodedBatch batch = split.Select(rows);
                Tensor output = model.forward(batch.Ids, batch.TypeIds, batch.Mask);
                onBatch?.Invoke(output, batch.Labels, rows.Length);
                Tensor answers = (task.IsRegression ? output.squeeze(-1) : output.argmax(-1)).to(ScalarType.Float64).cpu();
                double[] values = answers.data<double>().ToArray();
                for (int i = 0; i < rows.Length; i++) predictions[rows[i]] = values[i];
            }
            return predictions;
        }
        finally
        {
            model.train(training);
        }
    }
}

/// <summary>What training minimises.</summary>
internal static class TaskLoss
{
    /// <param name="output">[b, classes] logits, or [b, 1] values.</param>
    /// <param name="labels">[b].</param>
    /// <param name="regression">Mean squared error instead of cross-entropy.</param>
    public static Tensor Of(Tensor output, Tensor labels, bool regression) =>
        regression ? nn.functional.mse_loss(output.squeeze(-1), labels) : nn.functional.cross_entropy(output, labels);
}
