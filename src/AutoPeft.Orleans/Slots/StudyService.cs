using System.Runtime.ExceptionServices;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Slots;

/// <summary>
/// Runs one study's trials on the slots of this silo: a loop for each slot, which asks the study, has the trial's grain begin the attempt,
/// and gives the study its end.
/// </summary>
/// <param name="name">The study's name.</param>
/// <param name="definition">What the study is.</param>
/// <param name="study">The study.</param>
/// <param name="runner">Runs attempts on this silo's workers.</param>
/// <param name="attempts">Where attempts are laid ready.</param>
/// <param name="grains">Finds trials' grains.</param>
/// <param name="silo">This silo.</param>
/// <param name="yields">Whether slots leave the study when it has nothing for them now, because other studies wait.</param>
internal sealed class StudyService(
    string name, StudyDefinition definition, StudyCalls study, AttemptRunner runner, RunningAttempts attempts, IGrainFactory grains,
        SiloAddress silo, bool yields)
{
    private const int Placings = 8;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10), Farewell = TimeSpan.FromSeconds(20);

    private readonly TaskCompletionSource<NextAnswer> _finished = new();

    /// <summary>Serves the study until it has finished, or has nothing for any slot while other studies wait.</summary>
    /// <param name="abandon">Stops at once, and tells the study nothing: this silo is no member of the cluster any more.</param>
    /// <param name="cancellationToken">Stops the attempts and puts them back before this returns.</param>
    /// <returns>The answer that the study has finished; null where it has not.</returns>
    /// <exception cref="InvalidInputException">A worker cannot serve this study at all, the machine loses every worker, or the store cannot
    /// be written.</exception>
    public async Task<NextAnswer?> RunAsync(CancellationToken abandon, CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, abandon);
        // What has ended is told as long as this silo belongs to the cluster, but a silo that leaves does not wait for ever.
        using var told = CancellationTokenSource.CreateLinkedTokenSource(abandon);
        using CancellationTokenRegistration leaving = all.Token.Register(() => told.CancelAfter(Farewell));
        Task[] loops = [.. runner.Workers.Select(w => Task.Run(() => ServeAsync(w, all, told.Token), CancellationToken.None))];
        try { await Task.WhenAll(loops).ConfigureAwait(false); }
        catch
        {
            // Show the cause, not a cancellation that followed from it.
            Exception? cause = loops.Select(l => l.Exception?.InnerException).FirstOrDefault(e =>
                e is not null and not OperationCanceledException);
            await LeaveAsync(cause?.Message ?? "its silo left", told.Token).ConfigureAwait(false);
            if (cause is not null) ExceptionDispatchInfo.Throw(cause);
            throw;
        }
        return _finished.Task.IsCompleted ? await _finished.Task.ConfigureAwait(false) : null;
    }

    private async Task ServeAsync(IWorker worker, CancellationTokenSource all, CancellationToken told)
    {
        try
        {
            SlotOffer offer = SlotOffer.Of(SlotName.Of(silo, worker), worker.Device);
            await worker.WarmUpAsync(all.Token).ConfigureAwait(false);
            while (true)
            {
                NextAnswer next = await study.NextAsync(offer, Wait, all.Token).ConfigureAwait(false);
                if (next.Trial is { } order) await RunOneAsync(worker, offer.Worker, order, all.Token, told).ConfigureAwait(false);
                else if (next.IsFinished) _finished.TrySetResult(next);
                if (next.IsFinished || yields && next.Trial is null) return;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await all.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task RunOneAsync(IWorker worker, string workerName, TrialOrder order, CancellationToken cancellationToken,
        CancellationToken told)
    {
        var attempt = new RunningAttempt(definition, order.On(definition.Space, worker.Device), workerName, worker, runner,
            study.ReportAsync);
        attempts.Add(name, attempt);
        try
        {
            using (cancellationToken.Register(() => attempt.Stop("its silo left")))
            {
                await BeginAsync(attempt, cancellationToken).ConfigureAwait(false);
                AttemptEnd? end;
                try { end = await attempt.Ended.ConfigureAwait(false); }
                catch (InvalidInputException e)
                {
                    await study.EndAsync(attempt.Id, new AttemptEnd.InterruptedEnd(e.Message), attempt.Took, told).ConfigureAwait(false);
                    throw;
                }
                // Told until the study has taken it: the result is there, and losing it would mean to train again.
                if (end is not null) runner.DropCheckpoints(await study.EndAsync(attempt.Id, end, attempt.Took, told)
                    .ConfigureAwait(false));
            }
        }
        finally { attempts.Remove(name, attempt); }
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Has the trial's grain begin the attempt here. A grain that another silo still has moves here first.</summary>
    private async Task BeginAsync(RunningAttempt attempt, CancellationToken cancellationToken)
    {
        for (int tries = 0; tries < Placings && !attempt.Ended.IsCompleted; tries++)
        {
            try
            {
                if (await grains.GetGrain<ITrialGrain>(attempt.Id.Trial, name).StartAsync(silo, attempt.Id.Attempt)
                    .WaitAsync(cancellationToken).ConfigureAwait(false)) return;
                await Task.Delay(10 << tries, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or ObjectDisposedException
                or OperationCanceledException)
            { }
        }
        attempt.Stop("its grain could not be placed on the silo whose slot has it");
    }

    /// <summary>
    /// Puts back what the study may still think runs here: a trial whose answer was lost on the way to a slot that has left.
    /// </summary>
    private async Task LeaveAsync(string reason, CancellationToken told)
    {
        try { await study.LeaveAsync(silo, reason, told).ConfigureAwait(false); }
        catch (Exception e) when (e is InvalidInputException or OperationCanceledException)
        {
            /* The others find out that this silo is gone. */
        }
    }
}
