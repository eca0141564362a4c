namespace AutoPeft.Peft.Tasks;

/// <summary>
/// What a task's dev set gives a model that answers every text alike: about the loss at which a training starts, and which it has to leave.
/// </summary>
internal static class ConstantAnswer
{
    /// <summary>
    /// Loss of the best constant answer: the entropy of the label frequencies in nats for classification, the variance for regression.
    /// </summary>
    /// <param name="task">The task; its dev set has to have at least one example.</param>
    public static double DevLoss(TextTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.IsRegression)
        {
            double mean = task.Dev.Average(e => e.Label);
            return task.Dev.Average(e => (e.Label - mean) * (e.Label - mean));
        }
        return task.Dev.GroupBy(e => e.Label).Sum(g => Entropy(g.Count() / (double)task.Dev.Count));
    }

    private static double Entropy(double share) => -share * Math.Log(share);
}
