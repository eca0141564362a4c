using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// The reference point of a study of PEFT configurations: what knows nothing and trains everything. Fixed by task and model, so that
/// hypervolumes of studies on them compare.
/// </summary>
internal static class PeftReference
{
    /// <summary>
    /// The dev score of always answering the commonest class, for accuracy; 0 for the metrics that give such an answer 0.
    /// </summary>
    public static double Score(TextTask task)
    {
        if (task.IsRegression || task.Metric != TaskMetric.Accuracy) return 0;
        return task.Dev.GroupBy(e => e.Label).Max(g => g.Count()) / (double)task.Dev.Count;
    }

    /// <summary>All of the encoder's parameters, and those of the head where they are counted.</summary>
    public static double Parameters(PeftTrialOptions options, BertConfig config, TextTask task) =>
        options.Count == CountingRule.Paper
            ? BertTensors.EncoderCount(config)
            : Peft.Adapters.PeftPlan.FromName("full", config).ExactCount(config, task.Outputs);
}
