using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Reporting;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Watching;

/// <summary>One study, followed as it grows. Thread-safe.</summary>
internal sealed class WatchedStudy : IAsyncDisposable
{
    // Working the front's history out again may take this share of one core's time, whatever the study's size.
    private const double FrontShare = 0.05;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(3);

    private readonly IStudySource _source;
    private readonly ChangeSignal _anyStudy;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _following;
    private volatile StudyLog? _log;
    private IStudyStore? _store;
    private readonly WatchedReport _report;
    private FrontHistory? _front;
    private int _frontOf = -1;
    private long _frontDue;
    private (TrialOrder Order, long Sequence, int[] Numbers)? _order;

    public WatchedStudy(IStudySource source, StudyLocation location, ChangeSignal anyStudy)
    {
        (_source, Location, _anyStudy) = (source, location, anyStudy);
        Id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(location.Key)).AsSpan(0, 8));
        _report = new WatchedReport($"/studies/{Id}");
        _following = Task.Run(() => FollowAsync(_ending.Token));
    }

    /// <summary>16 hexadecimal digits, the same after a restart. The page addresses the study by it and by nothing else.</summary>
    public string Id { get; }

    public StudyLocation Location { get; }

    /// <summary>Why the study cannot be read now, in one line; null where it can.</summary>
    public string? Problem { get; private set; }

    /// <summary>Completes at the study's next change.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>Reads the study; the default of <typeparamref name="T"/> where it is not open.</summary>
    public async Task<T?> ReadAsync<T>(Func<IStudyView, T> read, CancellationToken cancellationToken)
    {
        try
        {
            return _log is { } log ? await log.ReadAsync(read, cancellationToken).ConfigureAwait(false) : default;
        }
        catch (ObjectDisposedException)
        {
            return default;
        }
    }

    /// <summary>The study's report; null where the study is not open.</summary>
    public async Task<byte[]?> ReportAsync(CancellationToken cancellationToken)
    {
        IStudyStore? store = _store;
        long? sequence = await ReadAsync(s => (long?)s.Sequence, cancellationToken).ConfigureAwait(false);
        try
        {
            return store is null || sequence is null
                ? null
                : await _report.HtmlAsync(store, sequence.Value, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Changes the study, and wakes those who watch it.</summary>
    /// <exception cref="InvalidInputException">The study is not open, or refuses.</exception>
    public async Task<T> ChangeAsync<T>(Func<StudyLog, Task<T>> change)
    {
        StudyLog log = _log ?? throw new InvalidInputException(Problem ?? "The study is not open yet.");
        // What is checked must be the study as it is now.
        await log.RefreshAsync().ConfigureAwait(false);
        T result = await change(log).ConfigureAwait(false);
        Raise();
        return result;
    }

    /// <summary>
    /// The front and its history; a moment old where working it out is dear. Call it within <see cref="ReadAsync{T}"/> only.
    /// </summary>
    public FrontHistory Front(IStudyView study)
    {
        if (_front is not null && (_frontOf == study.Completed.Count || Stopwatch.GetTimestamp() < _frontDue)) return _front;
        long start = Stopwatch.GetTimestamp();
        (_front, _frontOf) = (FrontHistory.Of(study), study.Completed.Count);
        long end = Stopwatch.GetTimestamp();
        _frontDue = end + (long)((end - start) / FrontShare);
        return _front;
    }

    /// <summary>
    /// The table's order, kept while nothing changes: a page scrolls through it in many requests. Call it within <see cref="ReadAsync{T}"/>
    /// only.
    /// </summary>
    public int[] Order(IStudyView study, TrialOrder order)
    {
        if (_order is { } kept && kept.Order == order && kept.Sequence == study.Sequence) return kept.Numbers;
        _order = (order, study.Sequence, order.Of(study, Front(study).Front));
        return _order.Value.Numbers;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
        _ending.Dispose();
        Raise();
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                long sequence = 0;
                if (_log is null)
                {
                    _store = await _source.OpenAsync(Location, cancellationToken).ConfigureAwait(false);
                    _log = await StudyLog.OpenAsync(_store, cancellationToken: cancellationToken).ConfigureAwait(false);
                    Problem = null;
                    Raise();
                }
                while (true)
                {
                    sequence = await _log.ReadAsync(s => s.Sequence, cancellationToken).ConfigureAwait(false);
                    await _source.WaitAsync(_store!, sequence, Poll, cancellationToken).ConfigureAwait(false);
                    await _log.RefreshAsync(cancellationToken).ConfigureAwait(false);
                    if (await _log.ReadAsync(s => s.Sequence, cancellationToken).ConfigureAwait(false) != sequence) Raise();
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            // A store fails in ways of its own (a network, a driver), and one broken study must not end the page for the others.
            catch (Exception e)
            {
                await CloseAsync().ConfigureAwait(false);
                string said = e.Message.ReplaceLineEndings(" ");
                if (Problem != said)
                {
                    Problem = said;
                    Raise();
                }
                await Task.WhenAny(Task.Delay(Retry, cancellationToken)).ConfigureAwait(false);
            }
        }
    }

    private void Raise()
    {
        Changed.Raise();
        _anyStudy.Raise();
    }

    private async ValueTask CloseAsync()
    {
        // The log is not disposed: a request may be reading it, and it holds nothing but memory.
        _log = null;
        (_front, _order) = (null, null);
        if (Interlocked.Exchange(ref _store, null) is { } store) await store.DisposeAsync().ConfigureAwait(false);
    }
}
