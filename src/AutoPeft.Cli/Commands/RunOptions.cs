using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Commands;

/// <summary>The options that say how a sweep runs here, shared by `sweep` and `resume`.</summary>
internal sealed class RunOptions
{
    // A month of seconds, and more processes than a machine has cores by far.
    private const int LongestTimeout = 2_678_400, MostWorkers = 1024;

    private readonly Option<int> _workers = new("--workers") { Description = "Worker processes, one device slot each.", DefaultValueFactory = _ => 1 };
    private readonly Option<string> _device = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads of each worker; default: the cores shared evenly." };
    private readonly Option<int> _perGpu = new("--per-gpu") { Description = "cuda only: trials that share one GPU.", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _gpusPerTrial = new("--gpus-per-trial") { Description = "cuda only: GPUs that one trial holds.", DefaultValueFactory = _ => 1 };
    private readonly Option<double?> _trialTimeout = new("--trial-timeout") { Description = "Seconds that a trial may take; past them it fails." };
    private readonly Option<double> _hangTimeout = new("--hang-timeout") { Description = "Seconds without a sign of life after which a worker is killed and its trial runs again.", DefaultValueFactory = _ => 600 };
    private readonly Option<int> _attempts = new("--attempts") { Description = "How many workers a trial may lose, killed or hung under it, before it fails. Interruptions do not count.", DefaultValueFactory = _ => 3 };
    private readonly Option<bool> _plain = new("--plain") { Description = "A line a trial instead of the live display." };

    public static RunOptions AddTo(Command command)
    {
        var options = new RunOptions();
        foreach (Option o in (Option[])[options._workers, options._device, options._threads, options._perGpu, options._gpusPerTrial, options._trialTimeout, options._hangTimeout, options._attempts, options._plain]) command.Options.Add(o);
        return options;
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="workers">How many where --workers was not typed.</param>
    public RunArguments Read(ParseResult parsed, int workers = 1) => new()
    {
        Workers = parsed.GetResult(_workers) is not { Implicit: false } ? workers
            : parsed.GetValue(_workers) is >= 0 and <= MostWorkers and var count ? count
            : throw new InvalidInputException($"--workers takes a whole number from 1 to {MostWorkers}, not {parsed.GetValue(_workers)}."),
        Device = parsed.GetValue(_device)!,
        Threads = parsed.GetValue(_threads) is { } t ? ThreadCount.Checked(t, "--threads") : null,
        PerGpu = parsed.GetValue(_perGpu),
        GpusPerTrial = parsed.GetValue(_gpusPerTrial),
        TrialTimeout = parsed.GetValue(_trialTimeout) is { } s && !(s > 0 && s <= LongestTimeout) ? throw new InvalidInputException($"--trial-timeout takes seconds above 0, up to {LongestTimeout}.") : parsed.GetValue(_trialTimeout),
        HangTimeout = parsed.GetValue(_hangTimeout) is > 0 and <= LongestTimeout and var h ? h : throw new InvalidInputException($"--hang-timeout takes seconds above 0, up to {LongestTimeout}."),
        Attempts = parsed.GetValue(_attempts) is > 0 and var n ? n : throw new InvalidInputException($"--attempts takes a whole number from 1, not {parsed.GetValue(_attempts)}."),
        Plain = parsed.GetValue(_plain),
    };
}
