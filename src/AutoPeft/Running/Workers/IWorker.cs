namespace AutoPeft.Running;

/// <summary>Holds one device slot and runs one trial at a time on it.</summary>
public interface IWorker : IAsyncDisposable
{
    /// <summary>Name of the worker in the study's log.</summary>
    string Name { get; }

    /// <summary>Device slot that the worker holds.</summary>
    DeviceSlot Device { get; }

    /// <summary>
    /// Gets ready, so that the first trial does not wait for it. May be called while nothing runs; failing here is no failure of a trial.
    /// </summary>
    Task WarmUpAsync(CancellationToken cancellationToken);

    /// <summary>Runs a trial until its attempt ends, and says how the attempt ended.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: the trial has stopped, and nothing of it runs any more.</exception>
    Task<AttemptEnd> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken);
}
