using System.Collections.Immutable;
using System.Diagnostics;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Running;
using AutoPeft.Scheduling;

namespace AutoPeft.Orleans.Slots;

/// <summary>
/// Calls of a study's grain that are made again while the grain moves to another silo, its silo is silent, or its store is away. Every call
/// of a study may be made twice.
/// </summary>
/// <param name="study">The study.</param>
/// <param name="name">Its name.</param>
/// <param name="patience">After this time without any answer the call fails.</param>
internal sealed class StudyCalls(IStudyGrain study, string name, TimeSpan patience)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50), LongestPause = TimeSpan.FromSeconds(2),
        LastAnswer = TimeSpan.FromSeconds(3);

    /// <exception cref="InvalidInputException">The study cannot be opened.</exception>
    public async Task<byte[]> DefinitionAsync(CancellationToken cancellationToken)
    {
        // What cannot be opened at first will not be, and whoever started the silo is there to hear why.
        try
        {
            return await AskAsync(study.DefinitionAsync, e => e is not StudyUnavailableException, cancellationToken).ConfigureAwait(false);
        }
        catch (StudyUnavailableException e) { throw new InvalidInputException(e.Message, e); }
    }

    public Task<StudyStatus> StatusAsync(CancellationToken cancellationToken) => AskAsync(study.StatusAsync, _ => true, cancellationToken);

    /// <summary>
    /// Asks for a trial. Where the slot leaves meanwhile, the study's last word is waited for: after that it gives the slot no trial any
    /// more, and whatever it gave can be put back.
    /// </summary>
    public Task<NextAnswer> NextAsync(SlotOffer slot, TimeSpan wait, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        Task<NextAnswer> answer = study.NextAsync(slot, wait, cancellationToken);
        using var leaving = new CancellationTokenSource();
        using (cancellationToken.Register(() => leaving.CancelAfter(LastAnswer))) return await answer.WaitAsync(leaving.Token)
            .ConfigureAwait(false);
    }, _ => true, cancellationToken, CancellationToken.None);

    public Task<Decision?> ReportAsync(AttemptId id, long step, ImmutableSortedDictionary<string, double> metrics, TimeSpan took,
        CancellationToken cancellationToken) =>
        AskAsync(() => study.ReportAsync(id, step, metrics, took), _ => true, cancellationToken);

    public Task<EndReceipt> EndAsync(AttemptId id, AttemptEnd end, TimeSpan took, CancellationToken cancellationToken)
    {
        EndMessage message = EndMessage.Of(end);
        return AskAsync(() => study.EndAsync(id, message, took), _ => true, cancellationToken);
    }

    public Task LeaveAsync(SiloAddress silo, string reason, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        await study.LeaveAsync(silo, reason).ConfigureAwait(false);
        return true;
    }, _ => true, cancellationToken);

    private async Task<T> AskAsync<T>(Func<Task<T>> call, Func<Exception, bool> again, CancellationToken cancellationToken,
        CancellationToken? abandon = null)
    {
        long start = Stopwatch.GetTimestamp();
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try { return await call().WaitAsync(abandon ?? cancellationToken).ConfigureAwait(false); }
            catch (Exception e) when (IsPassing(e) && again(e) && !cancellationToken.IsCancellationRequested)
            {
                if (Stopwatch.GetElapsedTime(start) > patience)
                {
                    string why = e.Message.Split('\n')[0];
                    throw new InvalidInputException($"Study '{name}' has not answered for {patience.TotalMinutes:0.#} minutes: {why}", e);
                }
            }
            // With some chance in it, so that a hundred slots do not come back at the same moment.
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether a failure is one of the way to the study rather than the study's answer.</summary>
    private static bool IsPassing(Exception e) =>
        e is OrleansException or TimeoutException or OperationCanceledException or ObjectDisposedException or StudyUnavailableException;
}
