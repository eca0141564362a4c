using AutoPeft.Running;

namespace AutoPeft.TestKit;

/// <summary>Runs trials as a function says.</summary>
public sealed class ScriptedRunner(Func<TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>> run) : ITrialRunner
{
    /// <inheritdoc/>
    public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
        run(trial, reporter, cancellationToken);
}

/// <summary>A worker whose attempts end as a function says, whatever ends there are.</summary>
public sealed class ScriptedWorker(DeviceSlot device, Func<TrialAssignment, AttemptEnd> script) : IWorker
{
    /// <inheritdoc/>
    public string Name => $"scripted/{Device}";

    /// <inheritdoc/>
    public DeviceSlot Device { get; } = device;

    /// <inheritdoc/>
    public Task WarmUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<AttemptEnd> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return script(trial);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
