namespace AutoPeft.Orleans.Slots;

/// <summary>
/// Which slots of this silo rest because they lost their workers. A slot rests twice as long after each loss, so that a machine on which no worker lives does not use up the attempts of trials
/// that others can run. As long as none of the silo's slots ever carried an attempt to its end, the fault is the machine's as likely as the slot's, and all of them rest together. Thread-safe.
/// </summary>
internal sealed class SlotRest(TimeProvider clock)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2), Longest = TimeSpan.FromMinutes(30);

    private readonly Dictionary<string, (TimeSpan Length, DateTimeOffset Until)> _rests = [];
    private readonly Lock _gate = new();
    private bool _proven;

    /// <summary>Whether the slot is to take no trial yet.</summary>
    public bool Rests(string slot)
    {
        DateTimeOffset now = clock.GetUtcNow();
        lock (_gate) return _proven ? _rests.TryGetValue(slot, out var own) && now < own.Until : _rests.Values.Any(r => now < r.Until);
    }

    /// <summary>An attempt on the slot came to an end of its own, good or bad.</summary>
    public void Worked(string slot)
    {
        lock (_gate)
        {
            _proven = true;
            _rests.Remove(slot);
        }
    }

    /// <summary>The slot's worker was lost.</summary>
    /// <returns>How long it rests.</returns>
    public TimeSpan Broke(string slot)
    {
        lock (_gate)
        {
            TimeSpan before = _proven ? _rests.GetValueOrDefault(slot).Length : _rests.Values.Select(r => r.Length).DefaultIfEmpty().Max();
            TimeSpan rest = before == TimeSpan.Zero ? First : before * 2 < Longest ? before * 2 : Longest;
            _rests[slot] = (rest, clock.GetUtcNow() + rest);
            return rest;
        }
    }
}
