using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.Diagnostics;
using AutoPeft.Cli.Slurm;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Postgres;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft slurm</c>: writes, and submits, a job that runs a sweep or an array of workers on a cluster.</summary>
internal static class SlurmCommand
{
    public static Command Create()
    {
        var array = new Option<int?>("--array") { Description = "Jobs in the array, each a worker; with --store." };
        var atOnce = new Option<int?>("--at-once") { Description = "Of the array, how many may run at once." };
        var partition = new Option<string?>("--partition") { Description = "Slurm's partition." };
        var account = new Option<string?>("--account") { Description = "Slurm's account." };
        var qos = new Option<string?>("--qos") { Description = "Slurm's quality of service." };
        var constraint = new Option<string?>("--constraint") { Description = "Features that the node must have." };
        var gpus = new Option<string?>("--gpus") { Description = "GPUs of each job, or type and number: a100:2." };
        var cpus = new Option<int?>("--cpus") { Description = "Cores of each job." };
        var memory = new Option<string?>("--mem") { Description = "Memory of each job: 16G." };
        var time = new Option<string?>("--time") { Description = "Time limit of each job: 1-00:00:00. The study goes on in the next." };
        var grace = new Option<int>("--grace")
        {
            Description = "Seconds before the limit or a preemption at which trials are put back.",
            DefaultValueFactory = _ => 60,
        };
        var store = new Option<string?>("--store")
        {
            Description =
            "The store that the workers share: postgres://HOST/DATABASE. The password comes from PGPASSWORD or the passfile."
        };
        var study = new Option<string?>("--study") { Description = "The study's name in the store." };
        var submit = new Option<bool>("--submit") { Description = "Hand the script to sbatch." };
        var command = new Command("slurm",
            "Writes a Slurm job: of a sweep (SPACE and the options of `sweep`), or with --store and --study of an array of workers. It "
                + "survives preemption and time limits: the job queues again and goes on.")
        {
            array, atOnce, partition, account, qos, constraint, gpus, cpus, memory, time, grace, store, study, submit,
        };
        // What is left is the sweep's or the worker's own command line.
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var job = new SlurmJob
            {
                Name = "autopeft",
                Array = parsed.GetValue(array),
                AtOnce = parsed.GetValue(atOnce),
                Partition = parsed.GetValue(partition),
                Account = parsed.GetValue(account),
                Qos = parsed.GetValue(qos),
                Constraint = parsed.GetValue(constraint),
                Gpus = parsed.GetValue(gpus),
                Cpus = parsed.GetValue(cpus),
                Memory = parsed.GetValue(memory),
                Time = parsed.GetValue(time),
                Grace = parsed.GetValue(grace),
            }.Checked();
            string path = parsed.GetValue(store) is { } url
                ? Workers(job, url,
                    parsed.GetValue(study)
                        ?? throw new InvalidInputException("--store needs --study: the name of the study that the workers serve."),
                        parsed.UnmatchedTokens)
                : Sweep(job, parsed.GetValue(study), parsed.UnmatchedTokens);
            await FinishAsync(path, parsed.GetValue(submit), cancellationToken).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    /// <summary>An array of workers of one study in a shared store.</summary>
    private static string Workers(SlurmJob job, string store, string study, IReadOnlyList<string> rest)
    {
        if (StoreAddress.Parse(store).HasPassword)
            throw new InvalidInputException("--store has a password in it, which would stand in the script for all to read; leave it out "
                + "and put it in ~/.pgpass (chmod 600) or PGPASSWORD.");
        string[] command = [.. Program(), WorkerCommandLine.Command, "--store", store, "--study", study, .. rest];
        return Write(job with { Name = $"autopeft-{study}", Array = job.Array ?? 1 },
            new StoreArguments(StoreAddress.Parse(store), study).Folder, command, joins: true);
    }

    /// <summary>One job that runs a sweep in a directory, and goes on with it whenever it starts again.</summary>
    private static string Sweep(SlurmJob job, string? study, IReadOnlyList<string> typed)
    {
        if (study is not null) throw new InvalidInputException("--study is a name in a store; say which with --store, or leave it out.");
        if (typed.Count == 0)
            throw new InvalidInputException("Say what to sweep: `autopeft slurm SPACE …` with the options of `autopeft sweep`, or "
                + "--store and --study for workers of a study that exists.");
        if (job.Array is not null)
            throw new InvalidInputException("--array makes many jobs, which need a store that they share: --store postgres://… --study "
                + "NAME. A sweep in a directory is one job; give it more --gpus and --workers.");
        Command sweep = SweepCommand.Create(), resume = ResumeCommand.Create();
        ParseResult parsed = sweep.Parse([.. typed]);
        if (parsed.Errors.Count > 0)
            throw new InvalidInputException($"{parsed.Errors[0].Message.ReplaceLineEndings(" ").TrimEnd('.')}. Try autopeft sweep --help");
        string space = parsed.GetRequiredValue<string>("SPACE");
        string output =
            parsed.GetValue<string?>("--out") ?? Path.Combine("runs", $"{FileNames.Of(space)}-{parsed.GetValue<ulong>("--seed")}");
        List<string> sweeping = [space], resuming = [];
        foreach (OptionResult o in parsed.CommandResult.Children.OfType<OptionResult>().Where(o => !o.Implicit && o.Option.Name != "--out"))
        {
            string[] words = [o.Option.Name, .. o.Tokens.Select(t => t.Value)];
            sweeping.AddRange(words);
            if (resume.Options.Any(r => r.Name == o.Option.Name)) resuming.AddRange(words);
        }
        // A GPU that was asked for is meant to be used.
        string[] devices = job.GpuCount > 0 && !sweeping.Contains("--device")
            ? ["--device", "cuda", .. sweeping.Contains("--workers") ? (string[])[] : ["--workers", $"{job.GpuCount}"]]
            : [];
        string[] plain = sweeping.Contains("--plain") ? [] : ["--plain"];
        string[] first = [.. Program(), sweep.Name, .. sweeping, .. devices, "--out", output, .. plain],
            again = [.. Program(), resume.Name, output, .. resuming, .. devices, .. plain];
        return Write(job with { Name = $"autopeft-{Path.GetFileName(Path.TrimEndingDirectorySeparator(output))}" }, output, first, again,
            Path.Combine(output, SweepFolder.LogName));
    }

    private static string Write(SlurmJob job, string directory, IReadOnlyList<string> first, IReadOnlyList<string>? again = null,
        string? log = null, bool joins = false)
    {
        string here = Directory.GetCurrentDirectory(), folder = Path.GetFullPath(Path.Combine(directory, "slurm")),
            path = Path.Combine(folder, "job.sh");
        string script = SlurmScript.Write(job, here, folder, first, again, log is null ? null : Path.GetFullPath(log),
            joins ? StoreOptions.AddressVariable : null);
        try
        {
            // Slurm does not make the directory of a job's output; without it the job fails without a word.
            Directory.CreateDirectory(folder);
            File.WriteAllText(path, script);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {e.Message}", e);
        }
        return path;
    }

    private static async Task FinishAsync(string path, bool submit, CancellationToken cancellationToken)
    {
        Console.Out.WriteLine(path);
        if (submit && await SubmitAsync(path, cancellationToken).ConfigureAwait(false)) return;
        Console.Out.WriteLine($"sbatch {Terminal.ShellWord.Quote(path)}");
    }

    /// <summary>Whether sbatch exists here; it then has taken the script.</summary>
    private static async Task<bool> SubmitAsync(string path, CancellationToken cancellationToken)
    {
        using var process = new Process
        {
            StartInfo =
            new ProcessStartInfo("sbatch") { ArgumentList = { path }, RedirectStandardOutput = true, RedirectStandardError = true }
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            await Console.Error.WriteLineAsync("autopeft: sbatch is not on the PATH here; type the command where it is.")
                .ConfigureAwait(false);
            return false;
        }
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken),
            error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0)
            throw new InvalidInputException(
                $"sbatch refused the job: {(await error.ConfigureAwait(false)).Trim().ReplaceLineEndings(" ")} The script is {path}.");
        Console.Out.Write(await output.ConfigureAwait(false));
        return true;
    }

    private static IEnumerable<string> Program() => WorkerCommandLine.Get().SkipLast(1);
}
