using System.Text.Json;
using AutoPeft.Catalogs;
using AutoPeft.Functions;
using AutoPeft.TestKit;

namespace AutoPeft.Benchmarks;

/// <summary>Studies of one problem by one sampler, one per seed.</summary>
internal sealed record FunctionRuns(IReadOnlyList<FunctionStudy> Studies, IReadOnlyList<double[]> Traces)
{
    public double Final => Median([.. Traces.Select(t => t[^1])]);

    public double Mean => Median([.. Traces.Select(t => t.Average())]);

    /// <summary>Quality after the first trial.</summary>
    public double First => Median([.. Traces.Select(t => t[0])]);

    /// <summary>Seconds of a proposal.</summary>
    public double Seconds => Median([.. Studies.Select(s => s.Seconds.Average())]);

    /// <summary>Seconds of the last ten proposals.</summary>
    public double Late => Median([.. Studies.Select(s => s.Seconds.TakeLast(10).Average())]);

    /// <summary>Trials whose configuration an earlier one of the same study had.</summary>
    public int Duplicates => Studies.Sum(s => s.Study.Trials.Count - s.Study.Trials.Select(t => t.Configuration).Distinct().Count());

    public static FunctionRuns Of(TestFunction function, string sampler, int seeds, int workers = 1, string? file = null)
    {
        var studies = new List<FunctionStudy>();
        var traces = new List<double[]>();
        for (int seed = 0; seed < seeds; seed++)
        {
            studies.Add(new FunctionStudy(function, (ulong)seed).Run(SamplerCatalog.Create(sampler), workers));
            traces.Add(studies[^1].Trace());
            if (file is not null)
                File.AppendAllText(file,
                    JsonSerializer.Serialize(new
                    {
                        problem = function.Name,
                        sampler,
                        seed,
                        workers,
                        seconds = studies[^1].Seconds.Sum(),
                        trace = traces[^1]
                    }) + "\n");
        }
        return new FunctionRuns(studies, traces);
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : 0.5 * (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]);
    }
}
