using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// How long a study has run, whatever wall clocks did meanwhile: what the runs before this one took, and this one by a monotonic clock. Of
/// earlier runs the log has what each attempt took, as its host measured it; a slot runs one attempt at a time, so the slot that worked
/// longest tells how long the study ran at least. The time between two runs does not count.
/// </summary>
/// <param name="clock">Its timestamps count; its time of day does not.</param>
internal sealed class RunningTime(TimeProvider clock)
{
    private readonly Dictionary<(string?, string?), double> _slots = [];
    private long _since = NotYet;

    private const long NotYet = long.MinValue;

    /// <summary>An attempt of an earlier run ended.</summary>
    /// <param name="trial">Whose, with the slot that ran it.</param>
    /// <param name="seconds">What it took.</param>
    public void Add(Trial trial, double seconds) =>
        _slots[(trial.Worker, trial.Device)] = _slots.GetValueOrDefault((trial.Worker, trial.Device)) + seconds;

    /// <summary>This run has begun; further calls change nothing.</summary>
    public void Begin() => Interlocked.CompareExchange(ref _since, clock.GetTimestamp(), NotYet);

    /// <summary>The time so far.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            long since = Interlocked.Read(ref _since);
            // More than a TimeSpan can hold is a damaged record.
            TimeSpan earlier = TimeSpan.FromSeconds(Math.Min(_slots.Values.DefaultIfEmpty(0).Max(), 1e11));
            return earlier + (since == NotYet ? TimeSpan.Zero : clock.GetElapsedTime(since));
        }
    }
}
