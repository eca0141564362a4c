using AutoPeft.Analysis.Importance;
using AutoPeft.Catalogs;
using AutoPeft.TestKit;

namespace AutoPeft.Analysis.Benchmarks;

/// <summary>Largest distance of estimated shares of variance from the closed form, in points of a hundred, over seeds.</summary>
internal static class ImportanceTable
{
    public static int Run(string[] args)
    {
        int trials = args.Length > 0 ? int.Parse(args[0]) : 500, seeds = args.Length > 1 ? int.Parse(args[1]) : 5;
        string[] samplers = args.Length > 2 ? args[2..] : ["random", "sobol"];
        foreach (SensitivityFunction f in (SensitivityFunction[])[SensitivityFunction.Ishigami(), SensitivityFunction.SobolG(),
            SensitivityFunction.Conditional()])
            foreach (string sampler in samplers)
                foreach (ImportanceMethod method in (ImportanceMethod[])[ImportanceMethod.GaussianProcess, ImportanceMethod.Forest,
                    ImportanceMethod.PedAnova])
                {
                    double main = 0, total = 0, pair = 0, seconds = 0, explained = 1;
                    int covered = 0, intervals = 0;
                    for (int seed = 0; seed < seeds; seed++)
                    {
                        var study = new FunctionStudy(f.Function, (ulong)seed, trials);
                        study.Run(SamplerCatalog.Create(sampler));
                        long start = System.Diagnostics.Stopwatch.GetTimestamp();
                        ImportanceReport report = ImportanceAnalysis.Of(study.Study, 0, new ImportanceOptions { Method = method });
                        seconds += System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds / seeds;
                        explained = Math.Min(explained, report.Explained ?? double.NaN);
                        foreach (ParameterImportance p in report.Parameters)
                        {
                            int i = f.Function.Space.IndexOf(p.Parameter);
                            main = Math.Max(main, Math.Abs(p.Main.Value - f.Main[i]));
                            if (p.Total is { } t) total = Math.Max(total, Math.Abs(t - f.Total[i]));
                            intervals++;
                            if (f.Main[i] >= p.Main.Low - 0.005 && f.Main[i] <= p.Main.High + 0.005) covered++;
                        }
                        foreach (ParameterInteraction p in report.Interactions)
                        {
                            (int i, int j) = (f.Function.Space.IndexOf(p.First), f.Function.Space.IndexOf(p.Second));
                            pair = Math.Max(pair, Math.Abs(p.Share.Value - f.Pairs.GetValueOrDefault((Math.Min(i, j), Math.Max(i, j)))));
                        }
                    }
                    Console.WriteLine($"{f.Function.Name,-12} {sampler,-7} {method,-16} n={trials} worst of {seeds} seeds, points: main "
                        + $"{100 * main,5:0.0} total {100 * total,5:0.0} pair {100 * pair,5:0.0}  R2 {explained,5:0.000}  intervals "
                        + $"covering {covered}/{intervals}  {seconds:0.00} s");
                }
        return 0;
    }
}
