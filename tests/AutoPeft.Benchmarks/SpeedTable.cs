using AutoPeft.Functions;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Benchmarks;

/// <summary>What a proposal and the pieces around it cost.</summary>
/// <remarks>
/// Processor time of this process, not wall time: everything here runs on one thread, and other programs should not change the table.
/// </remarks>
internal static class SpeedTable
{
    public static int Run(string[] args)
    {
        foreach ((string what, double value, string unit, string bar) in Rows(new Options(args)))
            Console.WriteLine($"{what,-44} {value,12:0.###} {unit,-8} {bar}");
        return 0;
    }

    /// <summary>The same as a Markdown table.</summary>
    public static void Markdown(Options options)
    {
        Console.WriteLine("""

            Processor time of one thread.

            | what | measured | bar |
            |---|---:|---:|
            """);
        foreach ((string what, double value, string unit, string bar) in Rows(options))
            Console.WriteLine($"| {what} | {value:0.##} {unit} | {bar} |");
    }

    private static IEnumerable<(string What, double Value, string Unit, string Bar)> Rows(Options options)
    {
        IReadOnlyList<string> parts = [.. options.All("only").Where(p => p is not ("quality" or "speed"))];
        bool Wants(string part) => parts.Count == 0 || parts.Contains(part);
        if (Wants("random"))
            yield return ("random, ask-tell pairs a second", Pairs(new RandomSampler(), 400_000), "pairs/s", "≥ 200,000");
        if (Wants("hypervolume"))
            foreach (int m in new[] { 2, 3, 4 })
                yield return ($"hypervolume of 200 points, {m} objectives", HypervolumeSeconds(m) * 1e3, "ms", m < 4 ? "< 1 ms" : "");
        if (Wants("tpe"))
        {
            Sequential(new TpeSampler(), 200);
            yield return ("TPE, 10 parameters, 1,000 trials", Sequential(new TpeSampler(), 1_000), "s", "≤ 1 s");
            if (!options.Has("short"))
                yield return ("TPE, 10 parameters, 10,000 trials", Sequential(new TpeSampler(), 10_000), "s", "≤ 20 s");
        }
        if (Wants("gp"))
        {
            foreach (string name in new[] { "hartmann6", "peft-like", "zdt1-30", "dtlz2-6-3", "dtlz2-7-4" })
                yield return ($"GP, {name}, 100 trials known", Proposal(name, 100, 20) * 1e3, "ms", "≤ 50 ms");
            foreach (string name in new[] { "hartmann6", "peft-like" })
                yield return ($"GP, {name}, 500 trials known", Proposal(name, 500, 3) * 1e3, "ms", "≤ 1,000 ms");
        }
    }

    private static double Pairs(ISampler sampler, int pairs)
    {
        var study = new FunctionStudy(TestFunctions.Resolve("branin"), 0, pairs + 20_000);
        void Go(int n)
        {
            for (int i = 0; i < n; i++)
            {
                study.Ask(sampler);
                study.Tell(study.Study.Trials.Count - 1);
            }
        }
        Go(20_000);
        var clock = CpuClock.Start();
        Go(pairs);
        return pairs / clock.Seconds;
    }

    private static double HypervolumeSeconds(int m)
    {
        var random = new Philox(5);
        double[][] set = [.. Enumerable.Range(0, 200).Select(_ =>
        {
            double[] v = [.. Enumerable.Range(0, m).Select(_ => Math.Abs(random.NextNormal()))];
            double norm = Math.Sqrt(v.Sum(x => x * x));
            return v.Select(x => 1 - x / norm).ToArray();
        })];
        double[] reference = [.. Enumerable.Repeat(1.1, m)];
        // Until all of it is compiled by the optimiser.
        for (int i = 0; i < 300; i++) Hypervolume.Compute(set, reference);
        int times = m < 4 ? 1000 : 50;
        var clock = CpuClock.Start();
        for (int i = 0; i < times; i++) Hypervolume.Compute(set, reference);
        return clock.Seconds / times;
    }

    private static double Sequential(ISampler sampler, int trials)
    {
        SearchSpace space = SearchSpace.Build(s =>
        {
            for (int i = 0; i < 10; i++) s.Float($"x{i}", 1e-3, 1, log: i % 2 == 0);
        });
        var function = new TestFunction("sphere", space, [Objective.Minimize("f", 10)], c =>
        {
            double sum = 0;
            foreach (double x in c.Codes) sum += (x - 0.4) * (x - 0.4);
            return ([sum], []);
        });
        var study = new FunctionStudy(function, 0, trials);
        var clock = CpuClock.Start();
        study.Run(sampler);
        return clock.Seconds;
    }

    /// <summary>
    /// Mean processor seconds of sequential proposals after so many trials, most of them drawn at random to get there quickly.
    /// </summary>
    private static double Proposal(string name, int known, int times)
    {
        var study = new FunctionStudy(TestFunctions.Resolve(name), 1, known + 2 * times + 20);
        var random = new RandomSampler();
        var gp = new GaussianProcessSampler();
        for (int i = 0; i < known; i++)
        {
            study.Ask(random);
            study.Tell(i);
        }
        // The first proposals fit from scratch and compile; a study has done both long before.
        for (int i = 0; i < 3; i++) Step();
        var seconds = new double[times];
        for (int i = 0; i < times; i++) seconds[i] = Step();
        return seconds.Average();

        double Step()
        {
            var clock = CpuClock.Start();
            study.Ask(gp);
            double spent = clock.Seconds;
            study.Tell(study.Study.Trials.Count - 1);
            return spent;
        }
    }
}
