using System.Runtime.InteropServices;
using AutoPeft.Catalogs;
using AutoPeft.Functions;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Benchmarks;

/// <summary>The whole comparison as Markdown: quality of the default sampler, four workers against one, replay, speed.</summary>
internal static class SummaryTable
{
    public static int Run(string[] args)
    {
        var options = new Options(args);
        IEnumerable<string> problems = options.Has("problem") ? options.All("problem") : PeerTraces.Problems;
        int seeds = int.Parse(options.Get("seeds", "5"));
        bool Wants(string part) => !options.Has("only") || options.All("only").Contains(part);
        using PeerTraces? peers = options.Has("peers") ? new PeerTraces(options.Get("peers", "")) : null;
        Console.WriteLine($"{RuntimeInformation.OSDescription.Trim()}, {Environment.ProcessorCount} × {Processor()}, "
            + $"{RuntimeInformation.FrameworkDescription}");
        if (Wants("quality")) Quality(problems, seeds, peers);
        if (Wants("speed")) SpeedTable.Markdown(options);
        return 0;
    }

    private static void Quality(IEnumerable<string> problems, int seeds, PeerTraces? peers)
    {
        Console.WriteLine($"""

            Sampler `auto`, median of {seeds} seeds, more is better (hypervolume, or minus the best value). "Four workers" is the
            final quality with four trials in flight, and its gain over the first trial
            as a share of one worker's.

            | problem | final | best peer | mean over the trace | best peer | four workers | duplicates | replayed |
            |---|---:|---:|---:|---:|---:|---:|---:|
            """);
        foreach (string problem in problems)
        {
            TestFunction function = TestFunctions.Resolve(problem);
            FunctionRuns one = FunctionRuns.Of(function, "auto", seeds), four = FunctionRuns.Of(function, "auto", seeds, workers: 4);
            double share = (four.Final - one.First) / (one.Final - one.First);
            (int same, int all) = Replay(four.Studies[0]);
            Console.WriteLine($"| {problem} | {one.Final:0.0000} | {Peer(peers?.Best(problem, t => t[^1]))} | {one.Mean:0.0000} | "
                + $"{Peer(peers?.Best(problem, t => t.Average()))} | {four.Final:0.0000} ({share:0.0 %}) | "
                + $"{one.Duplicates + four.Duplicates} | {same} of {all} |");
        }
    }

    private static string Peer((string Name, double Value)? best) => best is { } b ? $"{b.Value:0.0000} {b.Name}" : "";

    /// <summary>How many of a study's asks a fresh sampler repeats bit for bit from the log that the first one saw.</summary>
    private static (int Same, int All) Replay(FunctionStudy study)
    {
        int same = 0, all = 0;
        ISampler fresh = SamplerCatalog.Create("auto");
        var then = new Study();
        int at = 0;
        foreach (TrialProposed proposed in study.Log.OfType<TrialProposed>())
        {
            while (at < proposed.Seen) then.Apply(study.Log[at++]);
            Proposal again = fresh.Propose(then, proposed.BatchSize,
                new Philox(study.Study.Definition.Seed, (ulong)proposed.Batch, StreamPurpose.Ask))[proposed.Number - proposed.Batch];
            all++;
            if (again.Configuration.Equals(proposed.Configuration) && again.State == proposed.State) same++;
        }
        return (same, all);
    }

    private static string Processor() =>
        File.Exists("/proc/cpuinfo")
            && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':') + 2)..]
            : RuntimeInformation.ProcessArchitecture.ToString();
}
