using System.Text.Json;
using AutoPeft.Functions;
using AutoPeft.Samplers;
using AutoPeft.TestKit;

namespace AutoPeft.Benchmarks;

/// <summary>Final quality and mean over the trace, medians over seeds, beside recorded traces of other frameworks where given.</summary>
internal static class QualityTable
{
    private static readonly Dictionary<string, string> PeerNames = new()
    {
        ["branin-currin"] = "branin_currin",
        ["dtlz2"] = "dtlz2_6_2",
        ["zdt1"] = "zdt1_10",
        ["peft-like"] = "peft_like_12",
        ["hartmann6"] = "hartmann6",
        ["ackley-mixed"] = "ackley_mixed_53",
    };

    private static bool Brief;
    public static int Run(string[] args)
    {
        var options = new Options(args);
        IReadOnlyList<string> problems = options.Has("problem") ? options.All("problem") : options.Has("all") ? TestFunctions.Names : [.. PeerNames.Keys];
        IReadOnlyList<string> samplers = options.Has("sampler") ? options.All("sampler") : ["auto"];
        int seeds = int.Parse(options.Get("seeds", "5")), workers = int.Parse(options.Get("workers", "1"));
        using JsonDocument? peers = options.Has("peers") ? JsonDocument.Parse(File.ReadAllText(options.Get("peers", ""))) : null;
        Brief = options.Has("brief");
        foreach (string problem in problems)
        {
            TestFunction function = TestFunctions.Resolve(problem);
            string known = function.Optimum is { } o ? $"optimum {-o:0.####}" : function.MaximalHypervolume is { } v ? $"maximum {v:0.####}" : "";
            if (!options.Has("brief")) Console.WriteLine($"{problem} ({function.Space.Count} parameters, {function.Objectives.Length} objective(s), budget {function.Budget}) {known}");
            foreach (string sampler in samplers)
            {
                var traces = new List<double[]>();
                var seconds = new List<double>();
                var late = new List<double>();
                for (int seed = 0; seed < seeds; seed++)
                {
                    FunctionStudy study = new FunctionStudy(function, (ulong)seed).Run(SamplerCatalog.Create(sampler), workers);
                    traces.Add(study.Trace());
                    if (options.Has("traces")) Console.WriteLine("    " + string.Join(' ', traces[^1].Where((_, i) => i % 4 == 0).Select(t => t.ToString("0.###"))));
                    seconds.Add(study.Seconds.Sum() / study.Seconds.Count);
                    late.Add(study.Seconds.TakeLast(10).Average());
                }
                Row(sampler, traces, Median(seconds), Median(late));
            }
            if (peers is not null && PeerNames.TryGetValue(problem, out string? peerName) && peers.RootElement.TryGetProperty(peerName, out JsonElement recorded))
                foreach (JsonProperty peer in recorded.EnumerateObject())
                {
                    List<double[]> traces = [.. peer.Value.EnumerateArray().Select(r => r.GetProperty("trace").EnumerateArray().Select(t => t.GetDouble()).ToArray())];
                    Row(peer.Name, traces, Median([.. peer.Value.EnumerateArray().Select((r, i) => r.GetProperty("seconds").GetDouble() / traces[i].Length)]), null);
                }
        }
        return 0;
    }

    private static void Row(string name, List<double[]> traces, double seconds, double? late)
    {
        List<double> final = [.. traces.Select(t => t[^1])], mean = [.. traces.Select(t => t.Average())];
        if (Brief) Console.Write($"{Median(final):0.0000}/{Median(mean):0.000} ");
        else Console.WriteLine($"  {name,-14} n={traces.Count} final {Median(final),10:0.0000} [{final.Min():0.0000}, {final.Max():0.0000}]  trace mean {Median(mean),10:0.0000}  ms/trial {seconds * 1e3,8:0.00}" + (late is null ? "" : $"  last ten {late * 1e3:0.00}"));
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : 0.5 * (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]);
    }
}
