namespace AutoPeft.Running;

/// <summary>
/// Every trial of a sweep failed. The message has the commonest errors; the inner exception is what the first trial threw, where it ran in
/// this process.
/// </summary>
public sealed class SweepFailedException(TrialFailures failures, Exception? first)
    : Exception(string.Join(Environment.NewLine, failures.Lines), first)
{
    /// <summary>The errors and how often each came.</summary>
    public TrialFailures Failures { get; } = failures;
}
