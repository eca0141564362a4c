using System.Collections.Concurrent;

namespace AutoPeft.Orleans.Slots;

/// <summary>
/// The attempts on this silo's slots, by study and trial. The registry lives as long as the silo, which grains do not: those of a healthy
/// silo are deactivated when another silo dies with the part of the grain directory that named them. Thread-safe.
/// </summary>
internal sealed class RunningAttempts
{
    private readonly ConcurrentDictionary<(string Study, int Trial), RunningAttempt> _running = [];

    /// <summary>Lays an attempt ready. An earlier attempt of the trial that is still here no longer counts and is stopped.</summary>
    public void Add(string study, RunningAttempt attempt) => _running.AddOrUpdate((study, attempt.Id.Trial), attempt, (_, earlier) =>
    {
        earlier.Stop("another attempt of the trial counts");
        return attempt;
    });

    /// <summary>The trial's attempt that is here; null where none is.</summary>
    public RunningAttempt? Find(string study, int trial) => _running.GetValueOrDefault((study, trial));

    /// <summary>Forgets an attempt that has ended.</summary>
    public void Remove(string study, RunningAttempt attempt) => _running.TryRemove(new((study, attempt.Id.Trial), attempt));
}
