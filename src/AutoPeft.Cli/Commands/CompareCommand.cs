using System.CommandLine;
using System.Globalization;
using AutoPeft.Analysis.Comparison;
using AutoPeft.Cli.Insight;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft compare</c>: two ways of searching, with a test.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var first = new Argument<string>("FIRST") { Description = "DIR[,DIR…]: the directory of a sweep, or of one sweep per seed." };
        var second = new Argument<string>(
            "SECOND")
        { Description = "DIR[,DIR…]: the other side. Paired with the first where both have the same seeds." };
        var json = new Option<string?>("--json") { Description = "File to write the numbers to." };
        var command = new Command("compare",
            "Compares two studies, or two groups of them over seeds, at equal numbers of trials: difference, interval and p-value.") {
                first, second, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            List<SweepFolder> folders = [];
            try
            {
                async Task<IStudyView[]> OpenAsync(string list)
                {
                    var studies = new List<IStudyView>();
                    foreach (string path in list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                    {
                        folders.Add(await SweepFolder.OpenAsync(path, toRun: false, cancellationToken).ConfigureAwait(false));
                        studies.Add(folders[^1].Log.Study);
                    }
                    return [.. studies];
                }
                IStudyView[] a = await OpenAsync(parsed.GetRequiredValue(first)).ConfigureAwait(false),
                    b = await OpenAsync(parsed.GetRequiredValue(second)).ConfigureAwait(false);
                StudyComparison c = StudyComparison.Of(a, b);
                Print(c,
                    a[0].Definition.Objectives.Length > 1
                        ? "hypervolume"
                        : $"best {a[0].Definition.Objectives[0].Name} (sign turned so that larger is better)");
                if (parsed.GetValue(json) is { } file) InsightJson.Write(file, c);
            }
            finally
            {
                foreach (SweepFolder f in folders) await f.DisposeAsync().ConfigureAwait(false);
            }
            return 0;
        });
        return command;
    }

    private static void Print(StudyComparison c, string quality)
    {
        string Number(double v) => v.ToString("0.####", CultureInfo.InvariantCulture);
        Console.Out.WriteLine($"after {c.Trials} trials each, {quality}: {Number(c.First.Average())} ({c.First.Length} "
            + $"{(c.First.Length == 1 ? "study" : "studies")}) against {Number(c.Second.Average())} ({c.Second.Length})");
        Console.Out.WriteLine($"difference {Number(c.Difference)} (95 % {Number(c.Low)} to {Number(c.High)}), p = "
            + $"{c.PValue.ToString("0.###", CultureInfo.InvariantCulture)}, {c.Test switch
            {
                ComparisonTest.PairedPermutation => "permutation test paired by seed",
                ComparisonTest.Permutation => "permutation test",
                _ => "bootstrap over the trials of one study each: it cannot say how other seeds would have ended; run several",
            }}");
        Console.Out.WriteLine(c.TrialsToMatch is { } m
            ? $"the first reaches the second's final quality after {m} trials"
            : "the first does not reach the second's final quality");
    }
}
