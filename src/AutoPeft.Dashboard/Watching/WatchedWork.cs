using System.Diagnostics;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Watching;

/// <summary>
/// Something made of a whole study when somebody asks for it, because making it takes seconds: its report, what its analyses say. The study
/// is folded from the log anew, since it must go on being followed meanwhile. Thread-safe.
/// </summary>
/// <param name="make">Makes it.</param>
internal sealed class WatchedWork(Func<IStudyView, byte[]> make)
{
    // Making it again may take this share of one core's time, whatever the study's size.
    private const double Share = 0.1;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private byte[]? _made;
    private long _sequence = -1, _due;

    /// <summary>The work as it is now; a moment old where making it is dear.</summary>
    public async Task<byte[]> GetAsync(IStudyStore store, long sequence, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_made is not null && (_sequence == sequence || Stopwatch.GetTimestamp() < _due)) return _made;
            long start = Stopwatch.GetTimestamp();
            var study = new Study();
            await foreach (StudyEvent e in store.ReadAsync(0, cancellationToken).ConfigureAwait(false)) study.Apply(e);
            _made = await Task.Run(() => make(study), cancellationToken).ConfigureAwait(false);
            _sequence = study.Sequence;
            long end = Stopwatch.GetTimestamp();
            _due = end + (long)((end - start) / Share);
            return _made;
        }
        finally { _gate.Release(); }
    }
}
