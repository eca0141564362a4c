using System.Collections.Concurrent;
using AutoPeft.Dashboard.Sources;

namespace AutoPeft.Dashboard.Watching;

/// <summary>Finds the studies of all sources, again every few seconds, and follows each. Thread-safe.</summary>
internal sealed class StudyWatcher(IReadOnlyList<IStudySource> sources) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, WatchedStudy> _studies = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ending = new();
    private Task _scanning = Task.CompletedTask;

    /// <summary>Raised when any study changes, appears or goes.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>What is followed, by place.</summary>
    public IReadOnlyList<WatchedStudy> Studies => [.. _studies.Values.OrderBy(s => s.Location.Where, StringComparer.Ordinal)];

    public WatchedStudy? Find(string id) => _studies.GetValueOrDefault(id);

    /// <summary>Looks once, then goes on in the background.</summary>
    /// <exception cref="InvalidInputException">A source cannot be read.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await ScanAsync(cancellationToken).ConfigureAwait(false);
        _scanning = Task.Run(() => ScanOnAsync(_ending.Token), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _scanning.ConfigureAwait(false);
        await Task.WhenAll(_studies.Values.Select(s => s.DisposeAsync().AsTask())).ConfigureAwait(false);
        _ending.Dispose();
    }

    private async Task ScanOnAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                // A directory that has gone, a server that restarts: look again later, and keep what is followed.
                try { await ScanAsync(cancellationToken).ConfigureAwait(false); }
                catch (Exception e) when (e is not OperationCanceledException) { }
            }
        }
        catch (OperationCanceledException) { }
    }

    private async Task ScanAsync(CancellationToken cancellationToken)
    {
        bool changed = false;
        var there = new HashSet<string>(StringComparer.Ordinal);
        foreach (IStudySource source in sources)
        {
            foreach (StudyLocation location in await source.ListAsync(cancellationToken).ConfigureAwait(false))
            {
                if (!there.Add(location.Key) || _studies.Values.Any(s => s.Location.Key == location.Key)) continue;
                var study = new WatchedStudy(source, location, Changed);
                _studies[study.Id] = study;
                changed = true;
            }
        }
        foreach (WatchedStudy gone in _studies.Values.Where(s => !there.Contains(s.Location.Key)))
        {
            if (!_studies.TryRemove(gone.Id, out _)) continue;
            await gone.DisposeAsync().ConfigureAwait(false);
            changed = true;
        }
        if (changed) Changed.Raise();
    }
}
