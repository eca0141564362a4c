using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Randomness;
using AutoPeft.Reporting;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Reporting;

/// <summary>Studies to report on: logs with the shapes that searches leave, values from closed forms and a fixed random stream.</summary>
internal static class ReportStudies
{
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 9, 26, 53, TimeSpan.Zero);

    /// <summary>
    /// AutoPEFT's space for a model of width 96 and 12 layers; two objectives, learning curves, failed and pruned trials, two workers.
    /// </summary>
    public static Study Peft(int count = 40)
    {
        SearchSpace space = SearchSpace.Build(b =>
        {
            double[] sizes = [0, 1, 3, 6, 12, 24, 48, 96];
            b.Ordinal("serial", sizes).Ordinal("parallel", sizes).Ordinal("prefix", sizes);
            for (int i = 0; i < 12; i++) b.Bool($"layer_{i}");
        }, "autopeft");
        var definition = new StudyDefinition(space, [Objective.Maximize("dev_score"), Objective.Minimize("trainable_parameters")])
        {
            Name = "autopeft-demo",
            Sampler = "gp",
            Seed = 7,
            Budget = count,
            Problem = JsonSerializer.SerializeToElement(
                new { task = "polarity", model = "demo-4x96", training = new { epochs = 6, batch = 32 }, device = "cpu" }),
        };
        return Run(definition, count, 2, (c, random, n) =>
        {
            double layers = Enumerable.Range(0, 12).Sum(i => c.GetBool($"layer_{i}") ? 1 + 0.06 * i : 0);
            double on = Enumerable.Range(0, 12).Count(i => c.GetBool($"layer_{i}"));
            double size = on * (2 * 96 * (c.GetDouble("serial") + c.GetDouble("parallel")) + 2 * 96 * c.GetDouble("prefix"));
            double capacity = layers
                * (2.2 * Math.Sqrt(c.GetDouble("parallel")) + 1.6 * Math.Sqrt(c.GetDouble("serial")) + Math.Sqrt(c.GetDouble("prefix")));
            double score =
                0.54 + 0.36 * (1 - Math.Exp(-capacity / 55)) - 0.00012 * Math.Max(0, capacity - 220) + 0.012 * random.NextNormal();
            ImmutableSortedDictionary<string, double>[] reports = [.. Enumerable.Range(1, 6).Select(e => Metrics(
                ("dev_score", 0.5 + (score - 0.5) * (1 - Math.Exp(-0.7 * e)) + 0.006 * random.NextNormal()),
                ("train_loss", 0.69 - (score - 0.5) * (1 - Math.Exp(-0.5 * e)))))];
            if (n % 17 == 11)
                return new Outcome([], reports[..2],
                    Error: n < 20 ? "loss became NaN at step 214" : "worker ended with exit code 137 (out of memory?)");
            if (n % 13 == 8) return new Outcome([], reports[..3], Pruned: true);
            return new Outcome([Math.Round(score, 4), size], reports);
        });
    }

    /// <summary>A mixed space with conditions and a subset; a few runs diverge by orders of magnitude.</summary>
    public static Study Mixed(int count = 2000)
    {
        SearchSpace space = SearchSpace.Build(b => b
            .Categorical("method", ["lora", "dora", "serial adapter", "prefix tuning", "bitfit", "ia3"])
            .Int("rank", 1, 64, log: true, when: Condition.On("method", "lora", "dora"))
            .Float("alpha", 1, 64, log: true, when: Condition.On("method", "lora", "dora"))
            .Subset("targets", ["q_proj", "k_proj", "v_proj", "o_proj", "up", "down"], 1, when: Condition.On("method", "lora", "dora"))
            .Int("bottleneck", 1, 384, log: true, when: Condition.On("method", "serial adapter"))
            .Int("prefix_length", 1, 64, when: Condition.On("method", "prefix tuning"))
            .Float("learning_rate", 1e-5, 1e-1, log: true)
            .Ordinal("batch_size", [8, 16, 32, 64, 128])
            .Float("dropout", 0, 0.5)
            .Int("warmup_percent", 0, 10)
            .Categorical("schedule", ["linear", "cosine", "constant"])
            .Bool("layer_norm"), "mixed");
        var definition = new StudyDefinition(space, [Objective.Minimize("dev_error"), Objective.Minimize("trainable_parameters")])
        {
            Name = "mixed",
            Sampler = "tpe",
            Seed = 11,
            Budget = count,
        };
        return Run(definition, count, 8, (c, random, n) =>
        {
            double size = c.GetString("method") switch
            {
                "lora" or "dora" =>
                    2 * 768 * c.GetInt("rank") * c.GetSubset("targets").Length * 12 + (c.GetString("method") == "dora" ? 12 * 768 : 0),
                "serial adapter" => 2 * 768 * c.GetInt("bottleneck") * 12,
                "prefix tuning" => 2 * 768 * c.GetInt("prefix_length") * 12,
                "bitfit" => 102_000,
                _ => 27_648,
            } + (c.GetBool("layer_norm") ? 38_400 : 0);
            double rate = Math.Log10(c.GetDouble("learning_rate")) + 3.2 - 0.4 * Math.Log2(c.GetDouble("batch_size") / 32) / 3;
            double error = 0.07 + 0.05 * rate * rate + 0.32 * Math.Exp(-Math.Log10(size + 1) + 3.6)
                + 0.03 * Math.Pow(c.GetDouble("dropout") - 0.1, 2) + 0.012 * Math.Abs(random.NextNormal());
            if (n % 61 == 60) return new Outcome([], [], Error: "CUDA out of memory");
            if (n % 401 == 400) return new Outcome([4.1e6, size], []);
            return new Outcome([Math.Min(error, 0.5), size], []);
        }, seconds: 40);
    }

    /// <summary>One objective.</summary>
    public static Study Single(int count = 200)
    {
        SearchSpace space = SearchSpace.Build(b => b.Float("x1", -5, 10).Float("x2", 0, 15), "branin");
        var definition =
            new StudyDefinition(space, [Objective.Minimize("branin")]) { Name = "branin", Sampler = "random", Seed = 3, Budget = count };
        return Run(definition, count, 1, (c, _, n) =>
        {
            double x = c.GetDouble("x1"), y = c.GetDouble("x2");
            double value = Math.Pow(y - 5.1 / (4 * Math.PI * Math.PI) * x * x + 5 / Math.PI * x - 6, 2)
                + 10 * (1 - 1 / (8 * Math.PI)) * Math.Cos(x) + 10;
            return n % 40 == 39 ? new Outcome([], [], Error: "the simulator did not answer") : new Outcome([value], []);
        }, seconds: 1);
    }

    /// <summary>Three objectives with an outcome constraint.</summary>
    public static Study Three(int count = 300)
    {
        SearchSpace space = SearchSpace.Build(
            b => b.Float("depth", 0, 1).Float("width", 0, 1).Int("heads", 1, 12).Categorical("dtype", ["fp32", "bf16", "int8"]),
            "deployment");
        var definition = new StudyDefinition(space,
            [Objective.Maximize("accuracy"), Objective.Minimize("latency_ms"), Objective.Minimize("memory_bytes")],
            [new OutcomeConstraint("energy_joules", Max: 40)])
        { Name = "deployment", Sampler = "nsga2", Seed = 5, Budget = count };
        return Run(definition, count, 4, (c, random, _) =>
        {
            double d = c.GetDouble("depth"), w = c.GetDouble("width"),
                bits = c.GetString("dtype") switch { "fp32" => 4, "bf16" => 2, _ => 1 };
            double latency = 2 + 30 * d * (0.4 + w) * Math.Sqrt(bits) + Math.Abs(random.NextNormal());
            double accuracy = 0.6 + 0.3 * (1 - Math.Exp(-2 * d - w)) - 0.02 / bits + 0.01 * random.NextNormal() + 0.002 * c.GetInt("heads");
            return new Outcome([accuracy, latency, Math.Round(1e5 + 4e7 * bits * w * w * (0.2 + d))], [], [latency * (0.7 + 0.4 * w)]);
        }, seconds: 12);
    }

    /// <summary>A study of this definition in which nothing has run.</summary>
    public static Study Empty(StudyDefinition definition) => Study.Of([new StudyCreated(Start, definition)]);

    /// <summary>The table after a search: front members and the usual baselines.</summary>
    public static IReadOnlyList<FinalRow> Final(Study study)
    {
        IReadOnlyList<Trial> front = AutoPeft.Pareto.ParetoFront.Of(study);
        const double model = 1_411_000;
        return
        [
            .. front.Select((t,
                i) => new FinalRow($"trial {t.Number}", (long)t.Values[1], t.Values[1] / model, t.Values[0] - 0.006 - 0.001 * (i % 3),
                    0.004 + 0.001 * (i % 4), 5) { DevScore = t.Values[0], TrialNumber = t.Number }),
            new("full fine-tuning", 1_411_000, 1, 0.884, 0.0052, 5) { IsBaseline = true },
            new("head only", 194, 194 / model, 0.612, 0.0019, 5) { IsBaseline = true },
            new("LoRA r8 on q, v", 36_864, 36_864 / model, 0.861, 0.0061, 5) { IsBaseline = true },
            new("serial 48-equivalent", 110_592, 110_592 / model, 0.869, 0.0048, 5) { IsBaseline = true },
            new("prefix 10", 23_040, 23_040 / model, 0.801, 0.011, 5) { IsBaseline = true },
            new("MAM (prefix 30 + parallel 384-equivalent)", 289_152, 289_152 / model, 0.879, 0.0044, 5) { IsBaseline = true },
        ];
    }

    public static ImmutableSortedDictionary<string, double> Metrics(params (string Name, double Value)[] metrics) =>
        metrics.ToImmutableSortedDictionary(m => m.Name, m => m.Value);

    /// <summary>How a trial ends.</summary>
    public sealed record Outcome(ImmutableArray<double> Values, ImmutableSortedDictionary<string, double>[] Reports,
        ImmutableArray<double> Outcomes = default, string? Error = null, bool Pruned = false);

    /// <summary>Random configurations, and later on neighbours of what is on the front, run by workers in turns.</summary>
    public static Study Run(StudyDefinition definition, int count, int workers, Func<Configuration, Philox, int, Outcome> objective,
        double seconds = 8)
    {
        var study = Study.Of([new StudyCreated(Start, definition)]);
        var free = new double[workers];
        List<Trial> elite = [];
        for (int n = 0; n < count; n++)
        {
            var random = new Philox(definition.Seed, (ulong)n, StreamPurpose.Data);
            int w = Array.IndexOf(free, free.Min());
            if (n % 25 == 0) elite = [.. AutoPeft.Pareto.ParetoFront.Of(study)];
            Configuration c = n < 10 || elite.Count == 0 || random.NextDouble() < 0.35
                ? definition.Space.Sample(random)
                : Step(elite[random.NextInt(elite.Count)].Configuration, random);
            DateTimeOffset start = Start.AddSeconds(free[w]);
            free[w] += seconds * (0.6 + 0.8 * random.NextDouble());
            DateTimeOffset end = Start.AddSeconds(free[w]);
            Outcome outcome = objective(c, random, n);
            study.Apply(new TrialProposed(start, n, c, n < 10 ? definition.Sampler + ": Sobol (start-up)" : definition.Sampler,
                study.Sequence, n, 1));
            study.Apply(new TrialStarted(start, n, $"worker-{w}", $"cpu:{w}", 1));
            for (int i = 0; i < outcome.Reports.Length; i++)
                study.Apply(
                    new TrialReported(start + (i + 1.0) / outcome.Reports.Length * (end - start), n, null, i + 1, outcome.Reports[i]));
            if (outcome.Error is not null) study.Apply(new TrialFailed(end, n, null, outcome.Error));
            else if (outcome.Pruned) study.Apply(new TrialPruned(end, n, null, outcome.Reports.Length));
            else
                study.Apply(
                    new TrialCompleted(end, n, null, outcome.Values, outcome.Outcomes.IsDefault ? [] : outcome.Outcomes, Metrics()));
        }
        return study;
    }

    private static Configuration Step(Configuration from, Philox random)
    {
        double[] codes = from.Codes.ToArray();
        SearchSpace space = from.Space;
        for (int i = 0; i < codes.Length; i++)
        {
            if (double.IsNaN(codes[i]) || random.NextDouble() > 2.0 / codes.Length) continue;
            Parameter p = space.Parameters[i];
            codes[i] = p.IsOrdered && p.Cardinality is null or > 4
                ? p.FromUnit(p.ToUnit(codes[i]) + 0.15 * random.NextNormal())
                : p.Sample(random);
        }
        return space.FromCodes(codes);
    }
}
