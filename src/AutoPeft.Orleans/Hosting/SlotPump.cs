using System.Diagnostics;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Studies;
using AutoPeft.Running;
using AutoPeft.Studies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AutoPeft.Orleans.Hosting;

/// <summary>
/// Asks studies for work for this silo's slots, as long as the silo lives; asking is what wakes a study. All slots serve one study at a
/// time, the next one when that has finished or has nothing for them. A study that has finished is looked at now and then: a person may
/// have given it more trials, or had some retried.
/// </summary>
internal sealed partial class SlotPump(
    IOptions<AutoPeftSiloOptions> options, IStudySessions sessions, RunningAttempts attempts, IGrainFactory grains, ILocalSiloDetails silo,
        ILogger<SlotPump> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10), Pause = TimeSpan.FromSeconds(1),
        LookAgain = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new(), _abandon = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    /// <summary>The studies that have finished, with how many records each had then and when (a timestamp) it was looked at last.</summary>
    private readonly Dictionary<string, (long Records, long Looked)> _finished = [];
    private Task _running = Task.CompletedTask;

    /// <summary>
    /// Ends when every study that was named has finished; never where the silo serves whatever studies there are. Fails with
    /// <see cref="InvalidInputException"/> where this silo cannot serve a study.
    /// </summary>
    public Task Ended => _ended.Task;

    /// <summary>Why the study that finished last ended before its budget was used up; else null.</summary>
    public string? EndedBecause { get; private set; }

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(SlotPump), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    /// <summary>Stops every attempt and tells no study: the cluster has declared this silo dead, and its attempts with it.</summary>
    public async Task AbandonAsync()
    {
        await _abandon.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken patience)
    {
        using CancellationTokenRegistration hurry = patience.Register(_abandon.Cancel);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        try
        {
            await ServeAllAsync(_stop.Token).ConfigureAwait(false);
            _ended.TrySetResult();
        }
        catch (OperationCanceledException) { _ended.TrySetCanceled(_stop.Token); }
        catch (Exception e)
        {
            // A program that waits for the silo tells its user itself.
            if (options.Value.Runner is null) LogFailed(e);
            _ended.TrySetException(e);
        }
    }

    private async Task ServeAllAsync(CancellationToken cancellationToken)
    {
        while (options.Value.HasSlots)
        {
            IReadOnlyList<string> names = options.Value.Studies ?? await sessions.ListAsync(cancellationToken).ConfigureAwait(false);
            foreach (string name in names) await LookAgainAsync(name, cancellationToken).ConfigureAwait(false);
            string[] open = [.. names.Where(n => !_finished.ContainsKey(n))];
            if (open.Length == 0 && options.Value.Studies is not null) return;
            int before = _finished.Count;
            foreach (string name in open) await ServeAsync(name, open.Length > 1, cancellationToken).ConfigureAwait(false);
            if (_finished.Count == before) await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a finished study again where its log has gone on since, unless a person holds it.</summary>
    private async Task LookAgainAsync(string name, CancellationToken cancellationToken)
    {
        if (!_finished.TryGetValue(name, out (long Records, long Looked) then) || Stopwatch.GetElapsedTime(then.Looked) < LookAgain) return;
        StudyStatus status = await CallsOf(name).StatusAsync(cancellationToken).ConfigureAwait(false);
        if (status.Records != then.Records && !status.IsHeld) _finished.Remove(name);
        else _finished[name] = (then.Records, Stopwatch.GetTimestamp());
    }

    private StudyCalls CallsOf(string name) => new(grains.GetGrain<IStudyGrain>(name), name, Patience);

    private async Task ServeAsync(string name, bool yields, CancellationToken cancellationToken)
    {
        StudyCalls calls = CallsOf(name);
        // Workers are not made for a study that a person holds while others wait.
        if (yields && (await calls.StatusAsync(cancellationToken).ConfigureAwait(false)).IsHeld) return;
        StudyDefinition definition =
            options.Value.Definition ?? DefinitionBytes.Read(await calls.DefinitionAsync(cancellationToken).ConfigureAwait(false));
        AttemptRunner runner = options.Value.RunnerFor(name, definition);
        try
        {
            var service = new StudyService(name, definition, calls, runner, attempts, grains, silo.SiloAddress, yields);
            if (await service.RunAsync(_abandon.Token, cancellationToken).ConfigureAwait(false) is not { } end) return;
            EndedBecause = end.Reason;
            _finished[name] = (end.Records, Stopwatch.GetTimestamp());
        }
        finally
        {
            if (options.Value.Runner is null) await Task.WhenAll(runner.Workers.Select(w => w.DisposeAsync().AsTask()))
                .ConfigureAwait(false);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "This silo serves no studies any more")]
    private partial void LogFailed(Exception e);
}
