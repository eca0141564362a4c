using System.Collections.Immutable;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Grains;

/// <summary>The part that gives out trials, records what becomes of them, and takes back what silos that are gone had.</summary>
internal sealed partial class StudyGrain
{
    // A lease's answer may still be on its way; asking the device before that would take back what it is about to begin.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    // For so long a trial that was lost on a silo is left for the others.
    private static readonly TimeSpan LeftForOthers = TimeSpan.FromMinutes(1);

    public async Task<TrialLease?> LeaseAsync(DeviceOffer offer)
    {
        if (await OpenAsync() is not { } session) return null;
        ClusterRunOptions run = _state!.Value.Options;
        if (_state.Value.Phase != StudyPhase.Running || run.DeviceKind is { } kind && kind != offer.Kind || _refused.Contains(DeviceKey.SiloTextOf(offer.Device))) return null;
        string slot = DeviceKey.SlotOf(offer.Device);
        long asked = clock.GetTimestamp();
        while (true)
        {
            TrialLease? lease = await DecideAsync(async () =>
            {
                // The device is free, so a trial that the log has on it was given in an answer that got lost: give it again.
                await session.RefreshAsync(_life.Token);
                Trial? trial = await session.ReadAsync(s => s.Trials.FirstOrDefault(t => t.State == TrialState.Running && t.Worker == offer.Worker && t.Device == slot))
                    ?? await session.TakeWaitingAsync(offer.Worker, slot, t => !IsForOthers(t, DeviceKey.SiloTextOf(offer.Device)), _life.Token);
                return trial is null ? null : await session.ReadAsync(s => new TrialLease(Name, trial.Number, trial.Attempt, offer.Device, CreatedLine(s), EventLines.Write(trial.Proposed), run.TrialTimeout, trial.PausedAt));
            });
            if (lease is not null) return lease;
            // What is promoted comes before what is new: its front is nearer.
            if (await session.PromoteAsync(_scheduler, _life.Token)) continue;
            if (clock.GetElapsedTime(asked) < AskPatience && _state.Value.Phase == StudyPhase.Running && await AskAsync(AskPatience - clock.GetElapsedTime(asked))) continue;
            _hungry.Add(offer.Device);
            await FinishedAsync(session);
            return null;
        }
    }

    public async Task<Decision?> ReportAsync(int number, int attempt, long step, Dictionary<string, double> metrics)
    {
        if (await OpenAsync() is not { } session) return null;
        try
        {
            return await DecideAsync<Decision?>(async () =>
            {
                await session.RefreshAsync(_life.Token);
                if (!await session.ReadAsync(s => Runs(s, number, attempt))) return null;
                // The same report once more: its answer was lost.
                bool known = await session.ReadAsync(s => s.Trials[number].Reports is [.., var last] && (last.Attempt, last.Step) == (attempt, step));
                if (!known) await session.ReportAsync(number, step, metrics.ToImmutableSortedDictionary(StringComparer.Ordinal), _life.Token);
                return await session.ReadAsync(s => _scheduler.Decide(s, s.Trials[number]));
            });
        }
        catch (InvalidInputException e)
        {
            // Steps that do not ascend, say: the trial's own fault.
            await EndAsync(number, attempt, new TrialEnding { Kind = EndingKind.Failed, Reason = e.Message });
            return null;
        }
    }

    public async Task<bool> EndAsync(int number, int attempt, TrialEnding ending)
    {
        if (await OpenAsync() is not { } session) return false;
        (bool counts, bool again) = await DecideAsync(async () =>
        {
            await session.RefreshAsync(_life.Token);
            if (!await session.ReadAsync(s => Runs(s, number, attempt)))
                return (await session.ReadAsync(s => number >= 0 && number < s.Trials.Count && s.Trials[number] is { IsPending: false } t && t.Attempt == attempt), false);
            return (true, await RecordAsync(session, number, attempt, ending));
        });
        // An end may also be what a promotion, or the next proposal in lockstep, waits for.
        if (again || counts && !await FinishedAsync(session)) WakeDevices();
        return counts;
    }

    public async Task RefuseAsync(int number, int attempt, string silo, string reason)
    {
        LogRefused(Name, silo, reason);
        _refused.Add(silo);
        _trouble = $"silo {silo} cannot serve the study: {reason}";
        await EndAsync(number, attempt, new TrialEnding { Kind = EndingKind.Interrupted, Reason = _trouble });
    }

    public async Task CheckAsync()
    {
        if (_state!.Value.Phase == StudyPhase.Missing || await OpenAsync() is not { } session) return;
        (int Number, int Attempt, string Worker, string Slot, DateTimeOffset Since)[] running = await session.ReadAsync(s =>
            s.Trials.Where(t => t.State == TrialState.Running).Select(t => (t.Number, t.Attempt, t.Worker ?? "", t.Device ?? "", t.StartedAt ?? DateTimeOffset.MinValue)).ToArray());
        foreach ((int number, int attempt, string worker, string slot, DateTimeOffset since) in running)
        {
            bool settled = clock.GetUtcNow() - since > Settling;
            string silo = DeviceKey.SiloTextOfWorker(worker);
            if (await GoneAsync(silo, slot, number, attempt, settled) is { } why) await EndAsync(number, attempt, new TrialEnding { Kind = EndingKind.Lost, Reason = why });
        }
        if (_state.Value.Phase == StudyPhase.Running && !await FinishedAsync(session)) await GrainFactory.GetGrain<IStudyCatalogGrain>(0).SetRunningAsync(Name, true);
    }

    /// <summary>Why nobody runs this attempt any more; null if somebody does, or if that is not known.</summary>
    private async Task<string?> GoneAsync(string silo, string slot, int number, int attempt, bool settled)
    {
        SiloAddress address;
        try { address = SiloAddress.FromParsableString(silo); }
        // A worker that was no silo: the study came here from another store.
        catch (FormatException) { return $"its worker {silo} is not of this cluster"; }
        SiloStatus status = silos.GetApproximateSiloStatus(address);
        if (status == SiloStatus.Dead || status == SiloStatus.None && settled) return $"silo {silo} is gone";
        if (status != SiloStatus.Active || !settled) return null;
        try
        {
            return await GrainFactory.GetGrain<IDeviceGrain>($"{silo}/{slot}").HoldsAsync(Name, number, attempt) ? null : $"{slot} of silo {silo} does not have it";
        }
        // Whether it does will be known later.
        catch (Exception e) when (e is TimeoutException or OrleansException) { return null; }
    }

    /// <returns>Whether the trial waits to be run again.</returns>
    private async Task<bool> RecordAsync(StudySession session, int number, int attempt, TrialEnding e)
    {
        StudyDefinition study = session.Study.Definition;
        switch (e.Kind)
        {
            case EndingKind.Completed when e.Values.Length != study.Objectives.Length || e.Outcomes.Length != study.Outcomes.Length:
                await session.FailAsync(number, $"the runner gave {e.Values.Length} value(s) and {e.Outcomes.Length} outcome(s) for {study.Objectives.Length} objective(s) and {study.Outcomes.Length} outcome constraint(s)", _life.Token);
                return false;
            case EndingKind.Completed:
                await session.CompleteAsync(number, e.Values, e.Outcomes, e.SortedMetrics, _life.Token);
                return false;
            case EndingKind.Failed:
                await session.FailAsync(number, e.Reason, _life.Token);
                return false;
            case EndingKind.Pruned:
                await session.PruneAsync(number, e.Step, _life.Token);
                return false;
            case EndingKind.Paused:
                await session.PauseAsync(number, e.Step, _life.Token);
                return false;
            case EndingKind.Lost when attempt >= _state!.Value.Options.MaxAttempts:
                await session.FailAsync(number, $"given up after {attempt} attempts: {e.Reason}", _life.Token);
                return false;
            case EndingKind.Lost:
                if (await session.ReadAsync(s => s.Trials[number].Worker) is { } worker) _lostOn[number] = (DeviceKey.SiloTextOfWorker(worker), clock.GetUtcNow());
                goto default;
            default:
                LogRequeued(Name, number, e.Reason);
                await session.RequeueAsync(number, e.Reason, cancellationToken: _life.Token);
                return true;
        }
    }

    /// <summary>One proposal. Devices that come while the sampler thinks wait for the same one, and then race for it.</summary>
    /// <returns>False where there is nothing more to propose, or the sampler thinks for longer than <paramref name="patience"/>; it goes on, and the devices are woken.</returns>
    private async Task<bool> AskAsync(TimeSpan patience)
    {
        Task<bool> asking = _asking ??= AskOneAsync();
        return await Task.WhenAny(asking, Task.Delay(patience > TimeSpan.Zero ? patience : TimeSpan.Zero)) == asking && await asking;
    }

    private async Task<bool> AskOneAsync()
    {
        // The caller must have stored the task before it can end.
        await Task.Yield();
        try
        {
            AskResult asked = await _proposer!.AskAsync(_life.Token);
            _exhausted = asked == AskResult.Exhausted;
            if (asked == AskResult.Proposed) WakeDevices();
            return asked == AskResult.Proposed;
        }
        catch (InvalidInputException e)
        {
            // The constraints leave nothing to propose, say. No device can help that.
            _trouble = e.Message;
            LogTrouble(Name, e.Message);
            await LeaveAsync(StudyPhase.Paused);
            return false;
        }
        finally { _asking = null; }
    }

    /// <summary>Whether the trial was just lost on this silo while others are there to try it: if it is the machine's fault, the same machine would lose it again.</summary>
    private bool IsForOthers(Trial trial, string silo) =>
        _lostOn.TryGetValue(trial.Number, out (string Silo, DateTimeOffset At) lost) && lost.Silo == silo && clock.GetUtcNow() - lost.At < LeftForOthers
            && silos.GetApproximateSiloStatuses(onlyActive: true).Count > 1;

    private static bool Runs(IStudyView study, int number, int attempt) =>
        number >= 0 && number < study.Trials.Count && study.Trials[number] is { State: TrialState.Running } t && t.Attempt == attempt;

    private static string CreatedLine(IStudyView study) => EventLines.Write(new StudyCreated(DateTimeOffset.UnixEpoch, study.Definition));

    [LoggerMessage(Level = LogLevel.Information, Message = "Study {Study}: trial {Trial} waits to be run again: {Reason}")]
    private partial void LogRequeued(string study, int trial, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Study {Study}: silo {Silo} cannot serve it: {Reason}")]
    private partial void LogRefused(string study, string silo, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Study {Study} is paused: {Reason}")]
    private partial void LogTrouble(string study, string reason);
}
