using AutoPeft.Functions;
using AutoPeft.Samplers;
using AutoPeft.Samplers.Transfer;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Analysis.Benchmarks;

/// <summary>
/// Trials until a warm study reaches the hypervolume at which the cold one ended, from a related task and from an unrelated one.
/// </summary>
internal static class WarmStartTable
{
    public static int Run(string[] args)
    {
        int seeds = args.Length > 0 ? int.Parse(args[0]) : 5, budget = args.Length > 1 ? int.Parse(args[1]) : 40;
        var related = new List<double>();
        var unrelated = new List<double>();
        var again = new List<double>();
        for (ulong seed = 0; seed < (ulong)seeds; seed++)
        {
            TestFunction target = RelatedTasks.Peft(1 + seed, 0), kin = RelatedTasks.Peft(1 + seed, 1),
                stranger = RelatedTasks.Peft(101 + seed, 0);
            double[] cold = Trace(target, seed, budget, new GaussianProcessSampler(), null);
            double final = cold[^1];
            // The cold study may have got there long before its end.
            int coldAt = At(cold, final);
            double[] warm = Trace(target, seed, 2 * budget, new TransferSampler(), Earlier(kin, seed + 50, budget)),
                odd = Trace(target, seed, 2 * budget, new TransferSampler(), Earlier(stranger, seed + 50, budget));
            // What luck alone makes of it: the same cold search with another seed.
            double[] other = Trace(target, seed + 100, 2 * budget, new GaussianProcessSampler(), null);
            int warmAt = At(warm, final), oddAt = At(odd, final), otherAt = At(other, final);
            related.Add(coldAt / (double)warmAt);
            unrelated.Add(oddAt / (double)coldAt);
            again.Add(otherAt / (double)coldAt);
            Console.WriteLine($"seed {seed}: cold {final:0.0000} after {coldAt} of {budget}; related after {warmAt}; unrelated after "
                + $"{oddAt}; cold again after {otherAt}  (at 10/20/40: cold {cold[9]:0.000} {cold[19]:0.000} {cold[^1]:0.000} related "
                + $"{warm[9]:0.000} {warm[19]:0.000} {warm[39]:0.000} unrelated {odd[9]:0.000} {odd[19]:0.000} {odd[39]:0.000})");
        }
        Console.WriteLine($"median of {seeds} seeds: related {Median(related):0.00} times fewer trials; unrelated {Median(unrelated):0.00} "
            + $"of the cold study's trials; a cold study with another seed {Median(again):0.00}");
        return 0;
    }

    private static int At(double[] trace, double level) =>
        Array.FindIndex(trace, q => q >= level) is >= 0 and var i ? i + 1 : trace.Length + 1;

    private static (IStudyView, string) Earlier(TestFunction f, ulong seed, int budget) =>
        (new FunctionStudy(f, seed, budget).Run(new GaussianProcessSampler()).Study, f.Name);

    private static double[] Trace(TestFunction f, ulong seed, int budget, ISampler sampler, (IStudyView Study, string Name)? earlier)
    {
        var study =
            new FunctionStudy(f, seed, budget, d => earlier is { } e ? d with { Earlier = [CarriedStudy.Of(e.Study, d, out _)] } : d);
        return study.Run(sampler).Trace();
    }

    private static double Median(List<double> values) =>
        values.Order().ToArray() is var v ? 0.5 * (v[v.Length / 2] + v[(v.Length - 1) / 2]) : double.NaN;
}
