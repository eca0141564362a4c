using System.CommandLine;
using AutoPeft.Analysis.Importance;
using AutoPeft.Cli.Insight;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft importance</c>: which parameters matter, alone and together, and which layers.</summary>
internal static class ImportanceCommand
{
    private static readonly (string Name, ImportanceMethod Method)[] Methods =
        [("auto", ImportanceMethod.Auto), ("gp", ImportanceMethod.GaussianProcess), ("fanova", ImportanceMethod.Forest),
            ("ped-anova", ImportanceMethod.PedAnova)];

    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The sweep's directory." };
        var objective = new Option<string?>("--objective") { Description = "One objective; default: each of them." };
        var method = new Option<string>("--method")
        {
            Description =
                "auto, gp (Sobol' indices of a Gaussian process), fanova (a random forest), ped-anova (what sets the best trials apart).",
            DefaultValueFactory = _ => "auto",
        };
        var cutoff = new Option<double>("--cutoff")
        {
            Description =
                "Results worse than this quantile of the trials count as equal to it: 0.5 asks what matters among the better half.",
            DefaultValueFactory = _ => 1,
        };
        var json = new Option<string?>("--json") { Description = "File to write everything to: intervals, pairs, curves, switches." };
        var command = new Command("importance",
            "Says which parameters matter, with intervals, which of them interact, and what each layer does.") { directory, objective,
                method, cutoff, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string typed = parsed.GetValue(method)!;
            if (Array.FindIndex(Methods, m => m.Name == typed) is not (>= 0 and var m))
                throw new InvalidInputException($"--method {typed}: there are {string.Join(", ", Methods.Select(k => k.Name))}.");
            ImportanceOptions options = ImportanceOptions.Standard with
            {
                Method = Methods[m].Method,
                Cutoff = parsed.GetValue(cutoff) is > 0 and <= 1 and var q
                    ? q
                    : throw new InvalidInputException("--cutoff takes a share above 0, at most 1."),
            };
            await using SweepFolder folder =
                await SweepFolder.OpenAsync(parsed.GetRequiredValue(directory), toRun: false, cancellationToken).ConfigureAwait(false);
            StudyDefinition definition = folder.Log.Study.Definition;
            string[] names = [.. definition.Objectives.Select(o => o.Name)];
            string? one = parsed.GetValue(objective);
            if (one is not null && !names.Contains(one))
                throw new InvalidInputException($"--objective {one}: the study has {string.Join(", ", names)}.");
            if (one is null)
            {
                // Each objective by itself: a constant one says so and takes nothing from the others.
                IReadOnlyList<ImportanceResult> results = ImportanceAnalysis.OfEach(folder.Log.Study, options, cancellationToken);
                if (results.All(r => r.Report is null)) throw new InvalidInputException(results[0].Reason!);
                foreach (ImportanceResult result in results)
                    if (result.Report is { } found) ImportanceTable.Print(found);
                    else Console.Out.WriteLine($"{result.Objective}: {result.Reason}{Environment.NewLine}");
                if (parsed.GetValue(json) is { } all)
                    InsightJson.Write(all, results.Select(r => r.Report).OfType<ImportanceReport>().ToArray());
                return 0;
            }
            ImportanceReport report = ImportanceAnalysis.Of(folder.Log.Study, Array.IndexOf(names, one), options, cancellationToken);
            ImportanceTable.Print(report);
            if (parsed.GetValue(json) is { } file)
                InsightJson.Write(file, new[] { report });
            return 0;
        });
        return command;
    }
}
