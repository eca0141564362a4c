using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// The worker's side of the protocol: reads trials from an input, runs them, answers on an output. The end of the input ends the process:
/// its parent is gone.
/// </summary>
internal sealed class WorkerLoop(TextReader input, TextWriter output, Func<StudyDefinition, DeviceSlot, ITrialRunner> runners)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    // Trials are numbered from 0.
    private const int NoTrial = -1;

    private readonly Lock _writing = new();
    private readonly Channel<TrialAssignment> _work = Channel.CreateUnbounded<TrialAssignment>();
    private readonly Channel<Decision> _verdicts = Channel.CreateUnbounded<Decision>();

    /// <summary>Held while the two fields of the trial that runs are read or set.</summary>
    private readonly Lock _running = new();
    private CancellationTokenSource? _cancel;
    private int _number = NoTrial;

    private string _frame = "";

    /// <summary>Serves until the input ends; once.</summary>
    /// <param name="orphaned">Called from the reading thread the moment the input ends, before anything else: a trial may still be deep in
    /// native code.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    public async Task RunAsync(Action? orphaned = null, CancellationToken cancellationToken = default)
    {
        if (await input.ReadLineAsync(cancellationToken).ConfigureAwait(false) is not { } first
            || WorkerMessage.Parse(first) is not WorkerMessage.HelloMessage hello) return;
        _frame = hello.Frame;
        ITrialRunner runner;
        try
        {
            runner = runners(hello.Study, hello.Device);
        }
        catch (Exception e)
        {
            Say(new WorkerMessage.ErrorMessage(null, LineOf(e)));
            return;
        }
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = new Thread(() =>
        {
            ReadAll(hello);
            orphaned?.Invoke();
            lifetime.Cancel();
            _work.Writer.TryComplete();
        })
        { IsBackground = true, Name = "parent" };
        reading.Start();
        Say(new WorkerMessage.ReadyMessage());
        try
        {
            await foreach (TrialAssignment trial in _work.Reader.ReadAllAsync(lifetime.Token).ConfigureAwait(false))
                await RunTrialAsync(runner, trial, lifetime.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsCancellationRequested) { }
    }

    /// <summary>Takes what the parent says until the input ends.</summary>
    private void ReadAll(WorkerMessage.HelloMessage hello)
    {
        while (ReadLine() is { } line)
        {
            switch (WorkerMessage.Parse(line, hello.Study.Space, hello.Device))
            {
                case WorkerMessage.RunMessage m: _work.Writer.TryWrite(m.Trial); break;
                case WorkerMessage.VerdictMessage m: _verdicts.Writer.TryWrite(m.Decision); break;
                case WorkerMessage.CancelMessage m:
                    lock (_running)
                        if (_number == m.Number) _cancel?.Cancel();
                    break;
            }
        }
    }

    /// <summary>Runs one trial and says how it ended.</summary>
    private async Task RunTrialAsync(ITrialRunner runner, TrialAssignment trial, CancellationToken lifetime)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(lifetime);
        lock (_running) (_cancel, _number) = (cancel, trial.Number);
        try
        {
            var reporter = new Reporter(this, trial.Number, _verdicts.Reader);
            TrialOutcome outcome = await Task.Run(() => runner.RunAsync(trial, reporter, cancel.Token), cancel.Token).ConfigureAwait(false);
            Say(new WorkerMessage.DoneMessage(trial.Number, outcome));
        }
        catch (TrialStoppedException e)
        {
            Say(new WorkerMessage.LeftMessage(trial.Number, e.Step));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Say(new WorkerMessage.LeftMessage(trial.Number, null));
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"trial {trial.Number}: {e}").ConfigureAwait(false);
            Say(new WorkerMessage.ErrorMessage(trial.Number, LineOf(e), OutOfMemory.Is(e), DiskFault.Is(e)));
        }
        finally
        {
            lock (_running) (_cancel, _number) = (null, NoTrial);
            while (_verdicts.Reader.TryRead(out _)) { }
        }
    }

    private static string LineOf(Exception e) => e is InvalidInputException ? e.Message : $"{e.GetType().Name}: {e.Message}";

    private string? ReadLine()
    {
        try { return input.ReadLine(); }
        catch (Exception e) when (e is IOException or ObjectDisposedException) { return null; }
    }

    private void Say(WorkerMessage message)
    {
        try
        {
            lock (_writing)
            {
                output.WriteLine(_frame + message.ToLine());
                output.Flush();
            }
        }
        // The parent is gone; the end of the input says so too.
        catch (IOException) { }
    }

    private sealed class Reporter(WorkerLoop loop, int number, ChannelReader<Decision> verdicts) : ITrialReporter
    {
        private long _last = Stopwatch.GetTimestamp();

        public async ValueTask<Decision> ReportAsync(long step, IReadOnlyDictionary<string, double> metrics,
            CancellationToken cancellationToken)
        {
            loop.Say(new WorkerMessage.MeasuredMessage(number, step, metrics.ToImmutableSortedDictionary(StringComparer.Ordinal)));
            return await verdicts.ReadAsync(cancellationToken).ConfigureAwait(false);
        }

        public void Heartbeat()
        {
            long now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(_last, now) < Beat) return;
            _last = now;
            loop.Say(new WorkerMessage.AliveMessage(number));
        }
    }
}
