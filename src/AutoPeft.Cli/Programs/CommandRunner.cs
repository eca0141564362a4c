using System.Collections.Immutable;
using System.Globalization;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Programs;

/// <summary>
/// Runs a trial by a person's command. Measurements come from the file that <see cref="MetricsVariable"/> names while it runs, and the
/// result from there or from the last JSON line of its standard output. It is ended with its whole process group when the trial is
/// stopped or interrupted.
/// </summary>
internal sealed class CommandRunner(StudyDefinition study, CommandTemplate command, string directory) : ITrialRunner
{
    /// <summary>Names of environment variables that the program finds; the last is followed by a parameter's name.</summary>
    public const string ConfigVariable = "AUTOPEFT_CONFIG", TrialVariable = "AUTOPEFT_TRIAL", SeedVariable = "AUTOPEFT_SEED",
        DirectoryVariable = "AUTOPEFT_DIR", DeviceVariable = "AUTOPEFT_DEVICE",
        MetricsVariable = "AUTOPEFT_METRICS", ResumeVariable = "AUTOPEFT_RESUME_FROM", ParameterPrefix = "AUTOPEFT_PARAM_";

    // The host waits for ten seconds before it ends a worker that does not let go.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100), Grace = TimeSpan.FromSeconds(5);

    public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        string own = Path.GetFullPath(trial.WorkDirectory
            ?? throw new InvalidInputException("A command's trial needs a directory of its own."));
        Directory.CreateDirectory(own);
        string config = Path.Combine(own, "config.json"), metricsPath = Path.Combine(own, "metrics.jsonl");
        await File.WriteAllTextAsync(config, SpaceJson.ToText(trial.Configuration), cancellationToken).ConfigureAwait(false);
        if (trial.ResumeFrom is null) File.Delete(metricsPath);
        var metrics = new MetricsFile(metricsPath, trial.ResumeFrom ?? 0);
        var places = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["config"] = config,
            ["trial"] = Text(trial.Number),
            ["seed"] = trial.Seed.ToString(CultureInfo.InvariantCulture),
            ["dir"] = own,
            ["device"] = trial.Device.Kind == "cpu" ? "cpu" : $"{trial.Device.Kind}:{Text(trial.Device.Index)}",
        };
        var known = ImmutableSortedDictionary.Create<string, double>(StringComparer.Ordinal);
        using var program = new ProgramProcess(command.Fill(places, trial.Configuration), directory,
            Environment(trial, places, metricsPath));
        try
        {
            for (bool ended = false; !ended;)
            {
                ended = await program.WaitAsync(Look, cancellationToken).ConfigureAwait(false);
                reporter.Heartbeat();
                foreach ((long step, ImmutableSortedDictionary<string, double> measured) in metrics.ReadNew())
                {
                    known = known.SetItems(measured);
                    // A program that begins again although it was to go on from a checkpoint says what the study knows.
                    if (step <= trial.ResumeFrom) continue;
                    Decision decision = await reporter.ReportAsync(step, measured, cancellationToken).ConfigureAwait(false);
                    if (decision is not (Decision.Stop or Decision.Pause) || ended) continue;
                    await program.EndAsync(Grace).ConfigureAwait(false);
                    throw new TrialStoppedException(step);
                }
            }
        }
        catch (OperationCanceledException)
        {
            await program.EndAsync(Grace).ConfigureAwait(false);
            throw;
        }
        if (program.ExitCode != 0) throw new InvalidInputException(Failure(program));
        if (program.LastJson is { } json && PythonJson.Numbers(json) is { } said) known = known.SetItems(said);
        return Outcome(known);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, string> Environment(TrialAssignment trial, Dictionary<string, string> places, string metrics)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [ConfigVariable] = places["config"],
            [TrialVariable] = places["trial"],
            [SeedVariable] = places["seed"],
            [DirectoryVariable] = places["dir"],
            [DeviceVariable] = places["device"],
            [MetricsVariable] = metrics,
            // Lines that a program buffers would come too late for anybody to decide on.
            ["PYTHONUNBUFFERED"] = "1",
        };
        if (trial.ResumeFrom is { } step) environment[ResumeVariable] = step.ToString(CultureInfo.InvariantCulture);
        foreach (Parameter p in trial.Configuration.Space.Parameters)
            if (CommandTemplate.Text(trial.Configuration, p.Name) is { Length: > 0 } value)
                environment[ParameterPrefix + string.Concat(p.Name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'))] = value;
        return environment;
    }

    /// <summary>One line: what the program said last, or that memory did not suffice, which hosts tell apart by these words.</summary>
    private static string Failure(ProgramProcess program)
    {
        int code = program.ExitCode;
        string how = code > 128 ? $"killed by signal {Text(code - 128)}" : $"exit code {Text(code)}";
        if (program.Errors.LastOrDefault(OutOfMemory.IsText) is { } memory)
            return memory.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
                ? $"{how}: {memory}" : $"{how}: out of memory: {memory}";
        if (program.Errors.Count > 0) return $"{how}: {program.Errors[^1]}";
        // Nobody but the kernel's out-of-memory killer ends a program like this without a word.
        return code == 128 + 9 ? $"{how}: out of memory, or killed by somebody" : $"{how}, and nothing on standard error";
    }

    private TrialOutcome Outcome(ImmutableSortedDictionary<string, double> known)
    {
        string[] names = [.. study.Objectives.Select(o => o.Name), .. study.Outcomes.Select(o => o.Name)];
        if (names.FirstOrDefault(n => !known.ContainsKey(n)) is { } missing)
            throw new InvalidInputException(
                $"the program gave no '{missing}': print it in a JSON line, {{\"{missing}\": …}}, at the end, or append such a line "
                + $"to the file that {MetricsVariable} names; it gave {(known.IsEmpty ? "nothing" : string.Join(", ", known.Keys))}.");
        return new TrialOutcome([.. study.Objectives.Select(o => known[o.Name])], [.. study.Outcomes.Select(o => known[o.Name])],
            known.RemoveRange(names));
    }
}
