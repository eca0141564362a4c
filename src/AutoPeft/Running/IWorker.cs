namespace AutoPeft.Running;

/// <summary>How a trial ended on a worker.</summary>
public abstract record WorkerResult
{
    private WorkerResult() { }

    /// <summary>It has values.</summary>
    public sealed record CompletedResult(TrialOutcome Outcome) : WorkerResult;

    /// <summary>The configuration failed: an error that running it again would give again.</summary>
    public sealed record FailedResult(string Error) : WorkerResult;

    /// <summary>The device's memory did not suffice. Beside fewer trials it may.</summary>
    public sealed record OutOfMemoryResult(string Error) : WorkerResult;

    /// <summary>The scheduler ended it, or paused it.</summary>
    public sealed record StoppedResult(long Step) : WorkerResult;

    /// <summary>The worker died or hung. That says nothing about the configuration: run it again.</summary>
    public sealed record LostResult(string Reason) : WorkerResult;
}

/// <summary>Holds one device slot and runs one trial at a time on it.</summary>
public interface IWorker : IAsyncDisposable
{
    /// <summary>Its name in the log.</summary>
    string Name { get; }

    /// <summary>The slot it holds.</summary>
    DeviceSlot Device { get; }

    /// <summary>Gets ready, so that the first trial does not wait for it. May be called while nothing runs; failing here is no failure of a trial.</summary>
    Task WarmUpAsync(CancellationToken cancellationToken);

    /// <summary>Runs a trial to its end.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: the trial has stopped, and nothing of it runs any more.</exception>
    Task<WorkerResult> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken);
}
