using System.Diagnostics;

namespace AutoPeft.Running;

/// <summary>
/// Runs a study's trials on the workers of this process until the study ends. Every decision is a record of the log; the sweep itself
/// remembers nothing that a restart would miss. The store must be this sweep's own: it starts by putting back what an earlier life left
/// running. For several machines see the Orleans host.
/// </summary>
/// <param name="session">Decides. The caller disposes it.</param>
/// <param name="runner">Runs attempts on this process's workers, which the caller disposes.</param>
internal sealed class LocalSweep(StudySession session, AttemptRunner runner)
{
    /// <summary>Why the study ended before its budget was used up, in one line; null where it did not.</summary>
    public string? EndedBecause { get; private set; }

    /// <summary>Runs to the end of the study.</summary>
    /// <exception cref="InvalidInputException">A worker cannot serve this study at all, the machine loses every worker, or the store cannot
    /// be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled: running trials are back in the queue.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using Activity? span = Telemetry.Study(session.Study.Definition, runner.Workers.Count);
        await session.Log.RequeueRunningAsync("its host ended", cancellationToken).ConfigureAwait(false);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops = [.. runner.Workers.Select(w => Task.Run(() => ServeAsync(w, all), CancellationToken.None))];
        try { await Task.WhenAll(loops).ConfigureAwait(false); }
        catch
        {
            // An ask that was cancelled too late may have started a trial that nobody runs.
            await session.SettleAsync().ConfigureAwait(false);
            try { await session.Log.RequeueRunningAsync("interrupted", CancellationToken.None).ConfigureAwait(false); }
            catch (InvalidInputException)
            {
                // The store cannot be written, which is the cause below; the next start puts the trials back.
            }
            // Show the cause, not a cancellation that followed from it.
            if (loops.Select(l => l.Exception?.InnerException)
                .FirstOrDefault(e => e is not null and not OperationCanceledException) is { } cause)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    private async Task ServeAsync(IWorker worker, CancellationTokenSource all)
    {
        try
        {
            await worker.WarmUpAsync(all.Token).ConfigureAwait(false);
            while (true)
            {
                NextTrial next =
                    await session.NextAsync(worker.Name, worker.Device, Timeout.InfiniteTimeSpan, all.Token).ConfigureAwait(false);
                if (next.Trial is { } trial) await RunOneAsync(worker, trial, all.Token).ConfigureAwait(false);
                else if (next.IsFinished)
                {
                    EndedBecause = next.Reason;
                    return;
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await all.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task RunOneAsync(IWorker worker, TrialAssignment trial, CancellationToken cancellationToken)
    {
        AttemptEnd? end;
        long start = Stopwatch.GetTimestamp();
        try
        {
            end = await runner.RunAsync(session.Study.Definition, worker, trial,
                (step, metrics, token) => session.ReportAsync(trial.Id, step, metrics, Stopwatch.GetElapsedTime(start), token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidInputException e)
        {
            await session.EndAsync(
                trial.Id, new AttemptEnd.InterruptedEnd(e.Message), Stopwatch.GetElapsedTime(start), CancellationToken.None)
                .ConfigureAwait(false);
            throw;
        }
        // Not cancellable: the result is there, and losing it would mean to train again.
        if (end is not null)
            runner.DropCheckpoints(
                await session.EndAsync(trial.Id, end, Stopwatch.GetElapsedTime(start), CancellationToken.None).ConfigureAwait(false));
        cancellationToken.ThrowIfCancellationRequested();
    }
}
