namespace AutoPeft.Running;

/// <summary>
/// A worker in this process: for objectives written as C# delegates, and for tests. A crash of the objective's native code takes the host
/// with it.
/// </summary>
public sealed class InProcessWorker(ITrialRunner runner, DeviceSlot device) : IWorker
{
    /// <inheritdoc/>
    public string Name => $"in-process/{Device}";

    /// <inheritdoc/>
    public DeviceSlot Device { get; } = device;

    /// <inheritdoc/>
    public Task WarmUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<AttemptEnd> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        try
        {
            return new AttemptEnd.CompletedEnd(
                await Task.Run(() => runner.RunAsync(trial, reporter, cancellationToken), cancellationToken).ConfigureAwait(false));
        }
        catch (TrialStoppedException e)
        {
            return new AttemptEnd.LeftEnd(e.Step);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (OutOfMemory.Is(e))
        {
            return new AttemptEnd.OutOfMemory(e.Message) { Cause = e };
        }
        catch (Exception e) when (DiskFault.Is(e))
        {
            throw new InvalidInputException(DiskFault.Line(e.Message), e);
        }
        catch (Exception e)
        {
            return new AttemptEnd.FailedEnd($"{e.GetType().Name}: {e.Message}") { Cause = e };
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
