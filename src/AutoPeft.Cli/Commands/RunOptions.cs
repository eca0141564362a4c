using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Peft.Training;

namespace AutoPeft.Cli.Commands;

/// <summary>The options that say how a sweep runs here, shared by `sweep` and `resume`.</summary>
internal sealed class RunOptions
{
    // A month of seconds, and more processes than a machine has cores by far.
    private const int LongestTimeout = 2_678_400, MostWorkers = 1024;

    private readonly Option<int> _workers = new("--workers")
    {
        Description = "Worker processes, one device slot each. `resume` takes what the sweep had where nothing is typed, here and below.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<string> _device = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads of each worker; default: the cores shared evenly." };
    private readonly Option<int> _perGpu =
        new("--per-gpu") { Description = "cuda only: trials that share one GPU.", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _gpusPerTrial =
        new("--gpus-per-trial") { Description = "cuda only: GPUs that one trial holds.", DefaultValueFactory = _ => 1 };
    private readonly Option<double?> _trialTimeout =
        new("--trial-timeout") { Description = "Seconds that a trial may take; past them it fails. Default: no limit." };
    private readonly Option<double> _hangTimeout = new("--hang-timeout")
    {
        Description = "Seconds without a sign of life after which a worker is killed and its trial runs again.",
        DefaultValueFactory = _ => 600,
    };
    private readonly Option<int> _attempts = new("--attempts")
    {
        Description = "How many workers a trial may lose, killed or hung under it, before it fails. Interruptions do not count.",
        DefaultValueFactory = _ => 3,
    };
    private readonly Option<bool> _plain = new("--plain") { Description = "A line a trial instead of the live display." };

    public static RunOptions AddTo(Command command)
    {
        var options = new RunOptions();
        foreach (Option o in (Option[])[options._workers, options._device, options._threads, options._perGpu, options._gpusPerTrial,
            options._trialTimeout, options._hangTimeout, options._attempts, options._plain]) command.Options.Add(o);
        return options;
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="before">What counts where an option was not typed; the options' defaults where null.</param>
    public RunArguments Read(ParseResult parsed, RunArguments? before = null)
    {
        before ??= new RunArguments();
        int workers = Typed(_workers, before.Workers), attempts = Typed(_attempts, before.Attempts), perGpu = Typed(_perGpu, before.PerGpu),
            gpusPerTrial = Typed(_gpusPerTrial, before.GpusPerTrial);
        double hang = Typed(_hangTimeout, before.HangTimeout);
        double? timeout = Typed(_trialTimeout, before.TrialTimeout);
        string device = Typed(_device, before.Device);
        // A number of threads that suited another number of workers is not kept for this one.
        int? threads = Typed(_threads, workers == before.Workers && device == before.Device ? before.Threads : null);
        if (workers is < 0 or > MostWorkers)
            throw new InvalidInputException($"--workers takes a whole number from 1 to {MostWorkers}, not {workers}.");
        if (threads is { } t) ThreadCount.Checked(t, "--threads");
        if (perGpu < 1) throw new InvalidInputException($"--per-gpu takes a whole number from 1, not {perGpu}.");
        if (gpusPerTrial < 1) throw new InvalidInputException($"--gpus-per-trial takes a whole number from 1, not {gpusPerTrial}.");
        if (timeout is { } s && !(s > 0 && s <= LongestTimeout))
            throw new InvalidInputException($"--trial-timeout takes seconds above 0, up to {LongestTimeout}.");
        if (!(hang > 0 && hang <= LongestTimeout))
            throw new InvalidInputException($"--hang-timeout takes seconds above 0, up to {LongestTimeout}.");
        if (attempts < 1) throw new InvalidInputException($"--attempts takes a whole number from 1, not {attempts}.");
        return new RunArguments
        {
            Workers = workers,
            Device = device,
            Threads = threads,
            PerGpu = perGpu,
            GpusPerTrial = gpusPerTrial,
            TrialTimeout = timeout,
            HangTimeout = hang,
            Attempts = attempts,
            Plain = parsed.GetValue(_plain),
        };

        T Typed<T>(Option<T> option, T otherwise) => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option)! : otherwise;
    }
}
