using AutoPeft.Functions;

namespace AutoPeft.Benchmarks;

/// <summary>
/// Final quality and mean over the trace, medians over seeds, one line a sampler, beside recorded traces of other frameworks where given.
/// </summary>
internal static class QualityTable
{
    public static int Run(string[] args)
    {
        var options = new Options(args);
        IEnumerable<string> problems =
            options.Has("problem") ? options.All("problem") : options.Has("all") ? TestFunctions.Names : PeerTraces.Problems;
        IReadOnlyList<string> samplers = options.Has("sampler") ? options.All("sampler") : ["auto"];
        int seeds = int.Parse(options.Get("seeds", "5")), workers = int.Parse(options.Get("workers", "1"));
        using PeerTraces? peers = options.Has("peers") ? new PeerTraces(options.Get("peers", "")) : null;
        foreach (string problem in problems)
        {
            TestFunction function = TestFunctions.Resolve(problem);
            string known =
                function.Optimum is { } o ? $"optimum {-o:0.####}" : function.MaximalHypervolume is { } v ? $"maximum {v:0.####}" : "";
            Console.WriteLine($"{problem} ({function.Space.Count} parameters, {function.Objectives.Length} objective(s), budget "
                + $"{function.Budget}) {known}");
            foreach (string sampler in samplers)
            {
                FunctionRuns runs = FunctionRuns.Of(function, sampler, seeds, workers, options.Has("out") ? options.Get("out", "") : null);
                Row(sampler, runs.Traces, runs.Seconds, runs.Late);
            }
            if (peers is null) continue;
            foreach ((string name, IReadOnlyList<double[]> traces, double seconds) in peers.Of(problem)) Row(name, traces, seconds, null);
        }
        return 0;
    }

    private static void Row(string name, IReadOnlyList<double[]> traces, double seconds, double? late)
    {
        double[] final = [.. traces.Select(t => t[^1])];
        Console.WriteLine($"  {name,-14} n={traces.Count} final {FunctionRuns.Median(final),10:0.0000} [{final.Min():0.0000}, "
            + $"{final.Max():0.0000}]  trace mean {FunctionRuns.Median(traces.Select(t => t.Average())),10:0.0000}"
            + $"  ms/trial {seconds * 1e3,8:0.00}" + (late is null ? "" : $"  last ten {late * 1e3:0.00}"));
    }
}
