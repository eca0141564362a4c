namespace AutoPeft.Running;

/// <summary>
/// Tells a broken machine from broken trials: one that loses every worker would use up the attempts of healthy trials. Thread-safe.
/// </summary>
/// <param name="limit">Lost workers in a row that make a machine broken.</param>
internal sealed class MachineHealth(int limit)
{
    private int _lost;

    /// <summary>Takes in how an attempt ended here.</summary>
    /// <returns>Whether the machine is broken.</returns>
    public bool IsBrokenBy(AttemptEnd end)
    {
        // What was interrupted from outside says nothing about the machine.
        if (end is AttemptEnd.InterruptedEnd) return false;
        if (end is AttemptEnd.LostEnd) return Interlocked.Increment(ref _lost) >= limit;
        Volatile.Write(ref _lost, 0);
        return false;
    }
}
