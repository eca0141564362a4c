using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>How worker processes are started and watched.</summary>
public sealed record ProcessWorkerOptions
{
    /// <summary>The program, and its arguments, that runs <see cref="WorkerLoop"/>.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Where standard error goes, one file a worker, appended; null to drop it.</summary>
    public string? LogDirectory { get; init; }

    /// <summary>
    /// A trial that says nothing for this long hangs: its worker is killed and it runs again. Default 10 minutes: longer than any
    /// evaluation between two steps should take.
    /// </summary>
    public TimeSpan HangTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A worker that is not ready by then is broken. Default 2 minutes: a large base model on a slow disk.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>After a cancel, how long a worker may take to leave its step before it is killed. Default 10 s.</summary>
    public TimeSpan CancelTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// A worker in a process of its own, with its own thread budget. The parent supervises: a process that dies or hangs is replaced before the
/// next trial and takes nothing with it.
/// </summary>
public sealed class ProcessWorker(StudyDefinition study, DeviceSlot device, ProcessWorkerOptions options) : IWorker
{
    private Process? _process;
    private Channel<WorkerMessage>? _inbox;
    private string? _lastError;
    private string? _trialLog;

    /// <inheritdoc/>
    public string Name => $"{Environment.MachineName}/{Device}";

    /// <inheritdoc/>
    public DeviceSlot Device { get; } = device;

    /// <summary>The process that runs now, for tests that kill it; null while none does.</summary>
    public int? ProcessId => _process is { HasExited: false } p ? p.Id : null;

    /// <inheritdoc/>
    public async Task WarmUpAsync(CancellationToken cancellationToken) => await EnsureStartedAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<AttemptEnd> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        if (await EnsureStartedAsync(cancellationToken).ConfigureAwait(false) is { } failed) return failed;
        try
        {
            Volatile.Write(ref _trialLog, trial.WorkDirectory is { } directory ? System.IO.Path.Combine(directory, "log.txt") : null);
            Send(new WorkerMessage.RunMessage(trial));
            while (true)
            {
                WorkerMessage? message = await NextAsync(options.HangTimeout, cancellationToken).ConfigureAwait(false);
                switch (message)
                {
                    case null:
                        return Lost();
                    case WorkerMessage.AliveMessage m when m.Number == trial.Number:
                        reporter.Heartbeat();
                        break;
                    case WorkerMessage.MeasuredMessage m when m.Number == trial.Number:
                        Send(new WorkerMessage.VerdictMessage(
                            await reporter.ReportAsync(m.Step, m.Metrics, cancellationToken).ConfigureAwait(false)));
                        break;
                    case WorkerMessage.DoneMessage m when m.Number == trial.Number:
                        return new AttemptEnd.CompletedEnd(m.Outcome);
                    case WorkerMessage.ErrorMessage { OutOfMemory: true } m when m.Number == trial.Number:
                        // An allocator that ran dry holds what it has in pieces; a fresh process starts with the whole device.
                        Kill();
                        return new AttemptEnd.OutOfMemory(m.Message);
                    case WorkerMessage.ErrorMessage { DiskFault: true } m when m.Number == trial.Number:
                        throw new InvalidInputException(DiskFault.Line(m.Message));
                    case WorkerMessage.ErrorMessage m when m.Number == trial.Number:
                        return new AttemptEnd.FailedEnd(m.Message);
                    case WorkerMessage.LeftMessage { StoppedAt: { } at } m when m.Number == trial.Number:
                        return new AttemptEnd.LeftEnd(at);
                    case WorkerMessage.ErrorMessage { Number: null } m:
                        Kill();
                        throw new InvalidInputException(m.Message);
                }
            }
        }
        catch (TimeoutException)
        {
            Kill();
            return new AttemptEnd.LostEnd($"the worker said nothing for {options.HangTimeout.TotalSeconds:0} s and was killed");
        }
        catch (IOException)
        {
            return Lost();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await LeaveAsync(trial.Number).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not { } p) return;
        try
        {
            p.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await p.WaitForExitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException) { }
        Kill();
    }

    private async Task<AttemptEnd?> EnsureStartedAsync(CancellationToken cancellationToken)
    {
        if (_process is { HasExited: false }) return null;
        Kill();
        _lastError = null;
        var start = new ProcessStartInfo(options.Command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in options.Command.Skip(1)) start.ArgumentList.Add(argument);
        // BLAS and OpenMP read their budgets when they are loaded; two pools of all cores each made training 25 times slower.
        string threads = Device.Threads.ToString(System.Globalization.CultureInfo.InvariantCulture);
        foreach (string name in (string[])["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]) start.Environment[name] = threads;
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        if (Device.Kind == "cuda")
            start.Environment["CUDA_VISIBLE_DEVICES"] =
                string.Join(',', Enumerable.Range(Device.Index, Device.Span).Select(i => GpuClaims.NameOf(i)));
        try
        {
            _process = Process.Start(start) ?? throw new InvalidInputException($"The worker {options.Command[0]} did not start.");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidInputException($"The worker {options.Command[0]} cannot be started: {e.Message}", e);
        }
        _process.StandardInput.AutoFlush = true;
        _inbox = Channel.CreateUnbounded<WorkerMessage>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        string frame = Guid.NewGuid().ToString("N") + " ";
        _ = PumpAsync(_process, frame, _inbox.Writer);
        _ = LogAsync(_process);
        try
        {
            // CUDA_VISIBLE_DEVICES leaves the worker one GPU, which is its first.
            Send(new WorkerMessage.HelloMessage(study, Device.Kind == "cuda" ? Device with { Index = 0 } : Device, frame));
            WorkerMessage? first = await NextAsync(options.StartTimeout, cancellationToken).ConfigureAwait(false);
            if (first is WorkerMessage.ReadyMessage) return null;
            if (first is WorkerMessage.ErrorMessage e)
            {
                Kill();
                throw new InvalidInputException(e.Message);
            }
            return Lost();
        }
        catch (TimeoutException)
        {
            Kill();
            return new AttemptEnd.LostEnd($"the worker was not ready after {options.StartTimeout.TotalSeconds:0} s");
        }
        catch (IOException)
        {
            return Lost();
        }
    }

    private void Send(WorkerMessage message) => _process!.StandardInput.WriteLine(message.ToLine());

    /// <summary>The next message; null when the process has ended.</summary>
    private async Task<WorkerMessage?> NextAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(patience);
        try
        {
            return await _inbox!.Reader.ReadAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    private async Task LeaveAsync(int number)
    {
        try
        {
            Send(new WorkerMessage.CancelMessage(number));
            while (await NextAsync(options.CancelTimeout, CancellationToken.None).ConfigureAwait(false) is { } m)
                if (m is WorkerMessage.LeftMessage or WorkerMessage.DoneMessage or WorkerMessage.ErrorMessage) return;
        }
        catch (Exception e) when (e is TimeoutException or IOException) { }
        Kill();
    }

    private AttemptEnd.LostEnd Lost()
    {
        string how = "the worker's process ended";
        if (_process is { } p && p.WaitForExit(1000))
            how = p.ExitCode > 128
                ? $"the worker was killed by signal {p.ExitCode - 128}"
                : $"the worker's process ended with code {p.ExitCode}";
        string? last = Volatile.Read(ref _lastError);
        Kill();
        return new AttemptEnd.LostEnd(last is null ? how : $"{how}: {last}");
    }

    private void Kill()
    {
        if (_process is not { } p) return;
        try
        {
            if (!p.HasExited) p.Kill(entireProcessTree: true);
            p.WaitForExit(5000);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception) { }
        p.Dispose();
        _process = null;
    }

    private static async Task PumpAsync(Process process, string frame, ChannelWriter<WorkerMessage> inbox)
    {
        try
        {
            while (await process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                // Native libraries sometimes print on standard output; that is not for us. What they leave without a line end stands before
                // a message.
                int at = line.IndexOf(frame, StringComparison.Ordinal);
                if (at >= 0) inbox.TryWrite(WorkerMessage.Parse(line[(at + frame.Length)..]));
            }
        }
        catch (Exception e)
            when (e is IOException or ObjectDisposedException or InvalidOperationException or JsonException or FormatException
                or KeyNotFoundException)
        { }
        inbox.TryComplete();
    }

    private async Task LogAsync(Process process)
    {
        try
        {
            StreamWriter? log = null;
            if (options.LogDirectory is { } directory)
            {
                Directory.CreateDirectory(directory);
                log = new StreamWriter(new FileStream(System.IO.Path.Combine(directory, $"worker-{FileNames.Of(Device.ToString())}.log"),
                    FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
                { AutoFlush = true };
            }
            await using (log)
                while (await process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
                {
                    if (line.Length > 0) Volatile.Write(ref _lastError, line);
                    if (Volatile.Read(ref _trialLog) is { } trialLog)
                    {
                        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(trialLog)!);
                        await File.AppendAllTextAsync(trialLog, line + Environment.NewLine).ConfigureAwait(false);
                    }
                    if (log is not null) await log.WriteLineAsync(line).ConfigureAwait(false);
                }
        }
        catch (Exception e)
            when (e is IOException or ObjectDisposedException or UnauthorizedAccessException or InvalidOperationException)
        { }
    }
}
