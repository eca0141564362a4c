using System.Globalization;
using System.Text;
using AutoPeft.Cli.Terminal;

namespace AutoPeft.Cli.Slurm;

/// <summary>
/// The batch script of a job that outlives its preemptions: Slurm's warning (USR1) becomes a termination that puts running trials back in
/// the queue, and then the job goes to Slurm's queue again, where it goes on with the study.
/// </summary>
internal static class SlurmScript
{
    /// <param name="job">What is asked for.</param>
    /// <param name="directory">Where the job runs: where the command was typed, so that paths mean the same.</param>
    /// <param name="logs">Directory of the jobs' output.</param>
    /// <param name="first">The command of the first start: program and arguments.</param>
    /// <param name="again">The command once <paramref name="log"/> exists; null where both are the same.</param>
    /// <param name="log">The study's log; null where <paramref name="again"/> is.</param>
    /// <param name="addressVariable">The environment variable that tells the command at which address other nodes reach this one; null
    /// where no other node does.</param>
    public static string Write(
        SlurmJob job, string directory, string logs, IReadOnlyList<string> first, IReadOnlyList<string>? again = null, string? log = null,
        string? addressVariable = null)
    {
        if (logs.AsSpan().IndexOfAny("\r\n \"'") >= 0)
            throw new InvalidInputException(
                $"{logs}: Slurm takes no path with spaces, quotes or line breaks for a job's output; choose another with --out.");
        var text = new StringBuilder("#!/bin/bash\n");
        void Ask(string option, object? value)
        {
            if (value is not null) text.Append(CultureInfo.InvariantCulture, $"#SBATCH --{option}={value}\n");
        }
        Ask("job-name", ShellWord.Plain(job.Name));
        if (job.Array is { } n) Ask("array", $"0-{n - 1}" + (job.AtOnce is { } most ? $"%{most}" : ""));
        Ask("nodes", 1);
        Ask("ntasks", 1);
        Ask("cpus-per-task", job.Cpus);
        Ask("gpus", job.Gpus);
        Ask("mem", job.Memory);
        Ask("time", job.Time);
        Ask("partition", job.Partition);
        Ask("account", job.Account);
        Ask("qos", job.Qos);
        Ask("constraint", job.Constraint);
        Ask("signal", $"B:USR1@{job.Grace}");
        text.Append("#SBATCH --requeue\n#SBATCH --open-mode=append\n");
        // A percent sign is a pattern to Slurm.
        Ask("output", $"{logs.Replace("%", "%%", StringComparison.Ordinal)}/{(job.Array is null ? "%j" : "%A_%a")}.log");
        string address =
            addressVariable is null ? "" : $"export {addressVariable}=\"${{{addressVariable}:-${{SLURMD_NODENAME:-$(hostname)}}}}\"";
        text.Append(string.Create(CultureInfo.InvariantCulture, $$"""

            set -uo pipefail
            cd {{ShellWord.Quote(directory)}} || exit 1
            {{address}}
            {{Choose(first, again, log)}}
            # USR1 comes {{job.Grace}} s before the time limit or a preemption, to this shell alone. The program puts its
            # trials back in the study's queue and ends; this job then queues again.
            child='' warned=''
            leave() { [ "$1" = USR1 ] && warned=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null; }
            trap 'leave USR1' USR1
            trap 'leave TERM' TERM
            "${command[@]}" &
            child=$!
            code=0
            # A trap ends `wait` early, while the program still puts its things in order.
            while :; do
              wait "$child"; code=$?
              kill -0 "$child" 2>/dev/null || break
            done
            if [ -n "$warned" ] && [ "$code" -ne 0 ]; then
              scontrol requeue "$SLURM_JOB_ID" && exit 0
            fi
            exit "$code"

            """).ReplaceLineEndings("\n"));
        return text.ToString();
    }

    private static string Choose(IReadOnlyList<string> first, IReadOnlyList<string>? again, string? log) => again is null || log is null
        ? $"command=({Join(first)})"
        : $"if [ -s {ShellWord.Quote(log)} ]; then\n  command=({Join(again)})\nelse\n  command=({Join(first)})\nfi";

    private static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(ShellWord.Quote));
}
