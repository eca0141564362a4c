using System.Globalization;
using AutoPeft.Catalogs;
using AutoPeft.Fidelity.Benchmarks;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.TestKit;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = new Dictionary<string, string>();
for (int i = 1; i + 1 < args.Length; i += 2) options[args[i].TrimStart('-')] = args[i + 1];
string folder = options.GetValueOrDefault("curves", Path.Combine(AppContext.BaseDirectory, "curves"));
RecordedSet[] sets = [.. Directory.GetFiles(folder, "*.jsonl").Order().Select(RecordedSet.Read)
    .Where(s => options.GetValueOrDefault("sets", s.Name).Split(',').Contains(s.Name))];
int seeds = int.Parse(options.GetValueOrDefault("seeds", args.FirstOrDefault() == "search" ? "5" : "20"));
switch (args.FirstOrDefault())
{
    case "pruning":
        foreach (string scheduler in options.GetValueOrDefault("schedulers",
            "median;percentile:keep=25;curve:mode=stop;curve:by=curve;curve;asha:max=END").Split(';')) Pruning(scheduler);
        return 0;
    case "search":
        foreach (string pair in options.GetValueOrDefault("searches",
            "random/asha:max=END;bohb/asha:max=END;bohb/hyperband:max=END;dehb/asha:max=END;auto/asha:max=END").Split(';'))
            Search(pair.Split('/')[0], pair.Split('/')[1]);
        return 0;
    case "fidelity":
        foreach (string path in Directory.GetFiles(
            options.GetValueOrDefault("fidelities", Path.Combine(AppContext.BaseDirectory, "fidelities")), "*.jsonl").Order())
            FidelityCorrelations.Print(path);
        return 0;
    default:
        Console.Error.WriteLine($"unknown command '{args.FirstOrDefault()}'; known: pruning, search, fidelity. END in a scheduler is the "
            + $"last report of the set's trials. Options: --curves DIR --sets a,b --seeds N --schedulers a;b --searches "
            + $"sampler/scheduler;… --against SAMPLER --trials N --of SHARE");
        return 2;
}

// Every recorded trial in random order, two at once: are those of the final front left alone, and what is saved?
void Pruning(string scheduler)
{
    int clean = 0, runs = 0, lost = 0, front = 0;
    var saved = new List<double>();
    foreach (RecordedSet set in sets)
    {
        int cleanHere = 0;
        var savedHere = new List<double>();
        for (int seed = 1; seed <= seeds; seed++)
        {
            StudyDefinition definition = set.Definition with { Budget = set.Configurations.Count, Seed = (ulong)seed };
            CurveStudy run = new CurveStudy(definition, new TableSampler(new RandomSampler(), set.Configurations),
                SchedulerCatalog.Create(scheduler.Replace("END", set.End, StringComparison.Ordinal)), (_, t) => set[t.Configuration])
                .Run(2, order: new Philox((ulong)seed));
            long whole = set.Configurations.Sum(c => set[c].Reports[^1].Step);
            int lostHere = run.Study.Trials.Count(t => t.State != TrialState.Completed && set.Front.Contains(t.Configuration));
            (lost, front) = (lost + lostHere, front + set.Front.Count);
            if (lostHere == 0) cleanHere++;
            savedHere.Add(1 - (double)run.Steps / whole);
        }
        Console.WriteLine($"  {set.Name,-14} {set.Configurations.Count,4} trials, front of {set.Front.Count,2}: front whole in "
            + $"{cleanHere,2} of {seeds} runs, {savedHere.Average(),6:P1} of steps saved");
        (clean, runs) = (clean + cleanHere, runs + seeds);
        saved.AddRange(savedHere);
    }
    Console.WriteLine($"{scheduler}: front whole in {(double)clean / runs:P1} of {runs} runs ({lost} of {front} members lost), "
        + $"{saved.Average():P1} of steps saved");
}

// A search of whole trials, then one under the scheduler: after how many steps does that have the hypervolume with which the first ended?
void Search(string sampler, string scheduler)
{
    int trials = int.Parse(options.GetValueOrDefault("trials", "40"));
    string plain = sampler switch { "bohb" => "tpe", "dehb" => "evolution", _ => sampler };
    var all = new List<(double Completed, double Any)>();
    foreach (RecordedSet set in sets)
    {
        var here = new List<(double Completed, double Any)>();
        for (int seed = 1; seed <= seeds; seed++)
        {
            CurveStudy Study(string name, string text, int budget) =>
                new(set.Definition with { Budget = Math.Min(budget, set.Configurations.Count), Seed = (ulong)seed },
                    new TableSampler(SamplerCatalog.Create(name), set.Configurations),
                    SchedulerCatalog.Create(text.Replace("END", set.End, StringComparison.Ordinal)), (_, t) => set[t.Configuration]);
            CurveStudy full = Study(options.GetValueOrDefault("against", plain), "none", trials).Run();
            double target = Volume(full.Study, false) * double.Parse(options.GetValueOrDefault("of", "1")) * (1 - 1e-9);
            double completed = double.PositiveInfinity, any = double.PositiveInfinity;
            Study(sampler, scheduler, int.MaxValue).Run(1, s =>
            {
                if (double.IsInfinity(any) && Volume(s.Study, true) >= target) any = (double)s.Steps / full.Steps;
                if (double.IsInfinity(completed) && Volume(s.Study, false) >= target) completed = (double)s.Steps / full.Steps;
                return !double.IsInfinity(completed);
            });
            here.Add((completed, any));
        }
        Console.WriteLine($"  {set.Name,-14} {set.Configurations.Count,4} recorded: share of steps, median "
            + $"{Median(here.Select(h => h.Completed)):f2} by completed trials, {Median(here.Select(h => h.Any)):f2} by all that were "
            + $"evaluated   ({string.Join(' ', here.Select(h => h.Completed.ToString("f2")))})");
        all.AddRange(here);
    }
    Console.WriteLine($"{sampler} with {scheduler} against {trials} whole trials by {options.GetValueOrDefault("against", plain)}, "
        + $"{double.Parse(options.GetValueOrDefault("of", "1")):P0} of their hypervolume: share of steps, median "
        + $"{Median(all.Select(h => h.Completed)):f2} by completed trials, {Median(all.Select(h => h.Any)):f2} by all that were evaluated");
}

// Of completed trials, or also of what unfinished ones had given so far: a training keeps its best evaluation, so that is a model one could
// use.
static double Volume(IStudyView study, bool any)
{
    var measure = new RankingMeasure();
    double[][] losses = [.. study.Trials.Select(t => t.State == TrialState.Completed ? [.. t.Losses]
        : any ? measure.UpTo(study.Definition, t, long.MaxValue)
        : null).OfType<double[]>()];
    return losses.Length == 0 ? 0 : Hypervolume.Compute(losses, study.Definition.ReferenceLosses!);
}

static double Median(IEnumerable<double> values)
{
    double[] sorted = [.. values.Order()];
    return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
}
