namespace AutoPeft.Running;

/// <summary>This host no longer holds the trial: it was silent for longer than a lease lasts, and another host took the trial back. What it did with the trial does not count.</summary>
public sealed class LeaseLostException(int trial) : Exception($"Trial {trial} was taken back: this host was silent for longer than its lease.")
{
    /// <summary>The trial's number.</summary>
    public int Trial { get; } = trial;
}
