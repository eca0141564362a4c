using System.Text.Json;

namespace AutoPeft.Benchmarks;

/// <summary>Recorded traces of other frameworks on the same problems.</summary>
internal sealed class PeerTraces : IDisposable
{
    private static readonly Dictionary<string, string> Names = new()
    {
        ["branin-currin"] = "branin_currin",
        ["dtlz2"] = "dtlz2_6_2",
        ["zdt1"] = "zdt1_10",
        ["peft-like"] = "peft_like_12",
        ["hartmann6"] = "hartmann6",
        ["ackley-mixed"] = "ackley_mixed_53",
    };

    private readonly JsonDocument _document;

    public PeerTraces(string file) => _document = JsonDocument.Parse(File.ReadAllText(file));

    /// <summary>Problems that such traces are kept of.</summary>
    public static IReadOnlyCollection<string> Problems => Names.Keys;

    /// <summary>Framework, traces and seconds a trial; none for a problem without.</summary>
    public IEnumerable<(string Name, IReadOnlyList<double[]> Traces, double Seconds)> Of(string problem)
    {
        if (!Names.TryGetValue(problem, out string? name) || !_document.RootElement.TryGetProperty(name, out JsonElement recorded))
            yield break;
        foreach (JsonProperty peer in recorded.EnumerateObject())
        {
            List<double[]> traces =
                [.. peer.Value.EnumerateArray().Select(r => r.GetProperty("trace").EnumerateArray().Select(t => t.GetDouble()).ToArray())];
            yield return (peer.Name, traces,
                FunctionRuns.Median(peer.Value.EnumerateArray().Select((r, i) => r.GetProperty("seconds").GetDouble() / traces[i].Length)));
        }
    }

    /// <summary>The best of the frameworks' medians by one measure of a trace, and whose it is.</summary>
    public (string Name, double Value)? Best(string problem, Func<double[], double> measure)
    {
        (string Name, double Value)? best = null;
        foreach ((string name, IReadOnlyList<double[]> traces, _) in Of(problem))
        {
            double value = FunctionRuns.Median(traces.Select(measure));
            if (best is null || value > best.Value.Value) best = (name, value);
        }
        return best;
    }

    public void Dispose() => _document.Dispose();
}
