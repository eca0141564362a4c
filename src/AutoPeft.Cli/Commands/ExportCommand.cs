using System.CommandLine;
using System.Globalization;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Pareto;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft export</c>: what a sweep found, as adapters or models to take home.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        StudyArgument which = StudyArgument.Create();
        var to = new Option<string>("--to") { Description = "Folder to write; each trial gets one of its own below.", Required = true };
        var trials = new Option<int[]>("--trial")
        {
            Description = "Numbers of trials; default: every member of the front.",
            AllowMultipleArgumentsPerToken = true,
        };
        var format = new Option<SaveFormat?>("--format")
        {
            Description = "autopeft (any plan, encoders only), peft (Hugging Face's adapters), or merged (a whole checkpoint); default: "
                + "autopeft for encoders, peft for decoders.",
        };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads of the training. With as many as the sweep's workers had, the training is the sweep's own again.",
            DefaultValueFactory = _ => 1,
        };
        var command = new Command("export",
            "Trains trials of a sweep once more, under their own seeds, and saves what was trained.") { to, trials, format, threads };
        which.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using SweepFolder folder = await which.OpenAsync(parsed, toRun: false, cancellationToken).ConfigureAwait(false);
            IStudyView study = folder.Log.Study;
            SweepProblem problem = SweepProblem.Of(study.Definition);
            var device = new DeviceSlot("cpu", 0, ThreadCount.Checked(parsed.GetValue(threads), "--threads"));
            foreach (Trial trial in Chosen(study, parsed.GetValue(trials) ?? []))
            {
                string place = Path.Combine(
                    parsed.GetRequiredValue(to), string.Create(CultureInfo.InvariantCulture, $"trial-{trial.Number}"));
                double value = problem.Export(study, trial, parsed.GetValue(format), place, device, cancellationToken);
                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"trial {trial.Number}: {study.Definition.Objectives[0].Name} {value:0.####} (in the sweep {trial.Values[0]:0.####}). "
                        + $"Written to {place}"));
            }
            return 0;
        });
        return command;
    }

    private static IReadOnlyList<Trial> Chosen(IStudyView study, int[] numbers)
    {
        if (numbers.Length == 0)
            return ParetoFront.Of(study) is { Count: > 0 } front
                ? front : throw new InvalidInputException("The sweep has no front yet: no trial has completed.");
        return
        [
            .. numbers.Distinct().Select(n => n >= 0 && n < study.Trials.Count && study.Trials[n].State == TrialState.Completed
                ? study.Trials[n]
                : throw new InvalidInputException($"--trial {n}: the sweep has no completed trial of that number.")),
        ];
    }
}
