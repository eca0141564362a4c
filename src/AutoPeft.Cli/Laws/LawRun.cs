namespace AutoPeft.Cli.Laws;

/// <summary>A run of a law.</summary>
/// <param name="Size">The model.</param>
/// <param name="Tokens">D.</param>
/// <param name="LearningRate">Peak learning rate.</param>
/// <param name="Batch">Sequences of an update.</param>
/// <param name="Loss">Held-out loss in nats a byte; not a number where the training diverged.</param>
/// <param name="Seconds">Time of the training.</param>
internal sealed record LawRun(ModelSize Size, long Tokens, double LearningRate, int Batch, double Loss, double Seconds);
