using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AutoPeft.Cli.Programs;

/// <summary>
/// A person's program, run by <c>sh -c</c> in a process group of its own, so that it can be ended with everything it started. The group
/// also ends when this process dies, however it dies: a watcher in the group waits for the end of its input.
/// </summary>
internal sealed class ProgramProcess : IDisposable
{
    private const int Terminate = 15, KillNow = 9, KeptLines = 50;

    // $$ is the leader of the group that setsid made. The watcher must not hold the outputs open, or nobody would see their end. The
    // shell outlives a request to end, so that the program has the time it is given for that.
    private const string Script = """
        exec 3<&0
        ( cat <&3 >/dev/null 2>&1; kill -9 -$$ ) >/dev/null 2>&1 &
        exec 3<&-
        trap : TERM
        eval "$1" </dev/null
        """;

    private readonly Process _process;
    private readonly Queue<string> _errors = new();
    private readonly Lock _lock = new();
    private readonly Task _reading;
    private string? _lastJson;

    /// <exception cref="InvalidInputException">The program cannot be started.</exception>
    public ProgramProcess(string command, string directory, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        };
        foreach (string argument in (string[])["sh", "-c", Script, "sh", command]) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        try
        {
            _process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidInputException(
                $"--command cannot be run in {directory}: {e.Message} (it needs sh and setsid, of util-linux).", e);
        }
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput, json: true), ReadAsync(_process.StandardError, json: false));
    }

    /// <summary>The last line of standard output that begins as a JSON object; null before there is one.</summary>
    public string? LastJson
    {
        get
        {
            lock (_lock) return _lastJson;
        }
    }

    /// <summary>The last lines of standard error that are not empty.</summary>
    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_lock) return [.. _errors];
        }
    }

    /// <summary>Its exit code, once <see cref="WaitAsync"/> returned true; 128 + n where signal n ended it.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Waits for its end, and for all that it wrote.</summary>
    /// <returns>False after <paramref name="atMost"/>.</returns>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(atMost);
        try { await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false); }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { return false; }
        // What it left running in the background may hold the outputs.
        Signal(KillNow);
        await _reading.ConfigureAwait(false);
        return true;
    }

    /// <summary>Asks the whole group to end, and ends it after <paramref name="grace"/>.</summary>
    public async Task EndAsync(TimeSpan grace)
    {
        Signal(Terminate);
        await WaitAsync(grace, CancellationToken.None).ConfigureAwait(false);
        Signal(KillNow);
        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Signal(KillNow);
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader output, bool json)
    {
        while (await output.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            // The worker's standard error is the trial's log.
            await Console.Error.WriteLineAsync(line).ConfigureAwait(false);
            lock (_lock)
            {
                if (json && line.AsSpan().TrimStart().StartsWith("{")) _lastJson = line;
                if (json || string.IsNullOrWhiteSpace(line)) continue;
                _errors.Enqueue(line.Trim());
                if (_errors.Count > KeptLines) _errors.Dequeue();
            }
        }
    }

    private void Signal(int signal) => _ = kill(-_process.Id, signal);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int kill(int process, int signal);
}
