using System.Collections.Concurrent;

namespace AutoPeft.Running;

/// <summary>
/// Runs trials, and keeps the exception that each trial's last attempt ended with, stack and all. Thread-safe where the runner is.
/// </summary>
internal sealed class WatchedRunner(ITrialRunner runner) : ITrialRunner
{
    private readonly ConcurrentDictionary<int, Exception> _failures = [];

    /// <summary>The exceptions, by trial number.</summary>
    public IReadOnlyDictionary<int, Exception> Failures => _failures;

    public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        _failures.TryRemove(trial.Number, out _);
        try
        {
            return await runner.RunAsync(trial, reporter, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not TrialStoppedException
            && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            _failures[trial.Number] = e;
            throw;
        }
    }
}
