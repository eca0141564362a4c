using System.Diagnostics;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Demo;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Randomness;
using TorchSharp;

namespace AutoPeft.Calibration;

/// <summary>
/// What the demo's and the README's options were chosen by. Choices are made on dev scores; test scores are printed for the record.
/// </summary>
internal static class Calibrations
{
    /// <summary>Pretrains the demo's base model; options can be replaced one by one.</summary>
    public static void PretrainDemo(Arguments arguments)
    {
        string folder = Directory.CreateDirectory(arguments.Text("out", Path.Combine(Path.GetTempPath(), "autopeft-demo"))).FullName;
        string corpus = Path.Combine(folder, "corpus.txt");
        DemoOptions demo = new DemoOptions() with { CorpusParagraphs = arguments.Count("paragraphs", new DemoOptions().CorpusParagraphs) };
        demo.WriteCorpus(corpus);
        Run(Override(demo.Pretraining(corpus, Path.Combine(folder, "model")), arguments), arguments);
    }

    /// <summary>Pretrains on any text.</summary>
    public static void Pretrain(Arguments arguments) =>
        Run(Override(
            new PretrainingOptions
            {
                TextFile = arguments.Text("text", ""),
                OutputDirectory = arguments.Text("out", ""),
                Minutes = arguments.Number("minutes", 10),
            }, arguments), arguments);

    /// <summary>Every baseline on a task: score, size and time.</summary>
    public static void Methods(Arguments arguments)
    {
        using BaseModel model = BaseModel.Load(arguments.Text("model", ""));
        Threads(arguments);
        foreach (string task in arguments.Text("tasks", "polarity,paraphrase,acceptability").Split(','))
        {
            using var trainer = new PeftTrainer(model, TaskCatalog.Resolve(task), Override(new DemoOptions().Training, arguments));
            foreach (string name in arguments.Text("plans", string.Join(',', Baselines.Names)).Split(','))
                Print(trainer, task, name, arguments, pretrained: true);
        }
    }

    /// <summary>The same adapter on the pretrained and on the untrained network.</summary>
    public static void AgainstUntrained(Arguments arguments)
    {
        using BaseModel model = BaseModel.Load(arguments.Text("model", ""));
        Threads(arguments);
        string plan = arguments.Text("plan", "serial 48/768");
        foreach (string task in arguments.Text("tasks", "polarity,paraphrase,acceptability").Split(','))
        {
            using var trainer = new PeftTrainer(model, TaskCatalog.Resolve(task), Override(new DemoOptions().Training, arguments));
            double with = Print(trainer, task, plan, arguments, pretrained: true),
                without = Print(trainer, task, plan, arguments, pretrained: false);
            Console.WriteLine($"{task,-14} pretraining is worth {100 * (with - without):f1} points of test accuracy");
        }
    }

    /// <summary>Random members of AutoPEFT's space: how scores and times spread.</summary>
    public static void Space(Arguments arguments)
    {
        using BaseModel model = BaseModel.Load(arguments.Text("model", ""));
        Threads(arguments);
        using var trainer = new PeftTrainer(model, TaskCatalog.Resolve(arguments.Text("tasks", "polarity")),
            Override(new DemoOptions().Training, arguments));
        var space = AutoPeftSpace.For(model.Config);
        var random = new Philox(1);
        foreach (int i in Enumerable.Range(0, arguments.Count("count", 20)))
        {
            var configuration = space.Sample(random);
            PeftTrainingResult result = trainer.Train(AutoPeftSpace.ToPlan(configuration, model.Config), (ulong)i);
            Console.WriteLine($"{result.PaperParameters,8} dev {result.Training.Best.Score:f3} epoch {result.Training.Best.Epoch,2} "
                + $"{result.Training.Seconds:f2} s  {configuration}");
        }
    }

    /// <summary>Resident memory over a long training: it has to be flat after warm-up.</summary>
    public static void Memory(Arguments arguments)
    {
        using BaseModel model = BaseModel.Load(arguments.Text("model", ""));
        Threads(arguments);
        int steps = arguments.Count("steps", 20_000), perEpoch = 1;
        TextTask task = TaskCatalog.Resolve(arguments.Text("tasks", "polarity"));
        TrainingOptions options = Override(new DemoOptions().Training, arguments) with { Patience = 1_000_000 };
        perEpoch = (task.Train.Count + options.BatchSize - 1) / options.BatchSize;
        using var trainer =
            new PeftTrainer(model, task, options with { Epochs = (steps + perEpoch - 1) / perEpoch, EvaluateEverySteps = perEpoch * 20 });
        int done = 0, every = Math.Max(1, steps / 20);
        trainer.Train(PeftPlan.FromName(arguments.Text("plan", "lora r8 qv"), model.Config), 1, onStep: () =>
        {
            if (++done % every == 0)
                Console.WriteLine($"step {done,6}  resident {Process.GetCurrentProcess().WorkingSet64 / 1048576.0:f1} MiB, of it anonymous "
                    + $"{ResidentKib() / 1024.0:f1} MiB  managed {GC.GetGCMemoryInfo().TotalCommittedBytes / 1048576.0:f1} MiB  tensors "
                    + $"{torch.Tensor.TotalCount}");
        });
    }

    /// <summary>Pages of its own, without those of files, which the kernel drops and reads again as it likes.</summary>
    private static long ResidentKib() =>
        long.Parse(
            File.ReadLines("/proc/self/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture);

    private static double Print(PeftTrainer trainer, string task, string name, Arguments arguments, bool pretrained)
    {
        PeftPlan plan = PeftPlan.FromName(name, trainer.Config);
        int seeds = arguments.Count("seeds", 3);
        var results = new List<PeftTrainingResult>();
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        for (int seed = 0; seed < seeds; seed++)
            results.Add(trainer.Train(plan, FinalEvaluation.SeedOf(1, seed), scoreTest: true, pretrained: pretrained));
        double cpu = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds / seeds;
        double accuracy = results.Average(r => Accuracy(trainer.Task, r.Test!));
        Console.WriteLine(
            $"{task,-14} {name,-18}{(pretrained ? "" : " untrained"),-10} params {results[0].PaperParameters,7} / "
            + $"{results[0].ExactParameters,7}  dev {results.Average(r => r.Training.Best.Score):f3}  test "
            + $"{results.Average(r => r.Test!.Score):f3} ± {Deviation(results):f3}  accuracy {accuracy:f3}"
            + $"  best epoch {results.Average(r => r.Training.Best.Epoch):f1}  {results.Average(r => r.Training.Seconds):f2} s wall, "
            + $"{cpu:f2} s CPU");
        return accuracy;
    }

    private static double Deviation(List<PeftTrainingResult> results)
    {
        double mean = results.Average(r => r.Test!.Score);
        return results.Count < 2 ? 0 : Math.Sqrt(results.Sum(r => Math.Pow(r.Test!.Score - mean, 2)) / (results.Count - 1));
    }

    private static double Accuracy(TextTask task, SplitEvaluation evaluation) =>
        task.IsRegression ? evaluation.Score : TaskMetric.Accuracy.Score([.. task.Test.Select(e => e.Label)], evaluation.Predictions);

    private static void Run(PretrainingOptions options, Arguments arguments)
    {
        Threads(arguments);
        long next = 0;
        PretrainingResult result = MaskedLanguageModeling.Run(options, new Progress(p =>
        {
            if (p.Step < next) return;
            next = p.Step + arguments.Count("every", 250);
            Console.WriteLine(
                $"step {p.Step,6}  loss {p.Loss:f3}  {p.TokensPerSecond:f0} tokens/s  {p.Done:p0}  {p.TimeLeft.TotalSeconds:f0} s left");
        }));
        Console.WriteLine($"{result.Steps} steps, loss {result.Loss:f3}, {result.Tokens} tokens, {result.Seconds:f1} s, vocabulary "
            + $"{result.VocabularySize}");
    }

    private static void Threads(Arguments arguments) => torch.set_num_threads(arguments.Count("threads", 1));

    private static PretrainingOptions Override(PretrainingOptions options, Arguments a) => options with
    {
        Steps = a.Maybe("steps") is { } steps ? (int)steps : a.Maybe("minutes") is not null ? null : options.Steps,
        Minutes = a.Number("minutes", options.Minutes),
        VocabularySize = a.Count("vocabulary", options.VocabularySize),
        HiddenSize = a.Count("width", options.HiddenSize),
        Layers = a.Count("layers", options.Layers),
        Heads = a.Count("heads", options.Heads),
        IntermediateSize = a.Maybe("inner") is { } inner ? (int)inner : options.IntermediateSize,
        MaxLength = a.Count("length", options.MaxLength),
        BatchTokens = a.Count("batch-tokens", options.BatchTokens),
        LearningRate = a.Number("lr", options.LearningRate),
        MaskedShare = a.Number("masked", options.MaskedShare),
        InitializerRange = a.Maybe("init") ?? options.InitializerRange,
        Warmup = a.Number("warmup", options.Warmup),
        Dropout = a.Number("dropout", options.Dropout),
    };

    private static TrainingOptions Override(TrainingOptions options, Arguments a) => options with
    {
        MethodLearningRates = new MethodLearningRates
        {
            Adapters = a.Maybe("adapter-lr") ?? options.MethodLearningRates.Adapters,
            Full = a.Maybe("full-lr") ?? options.MethodLearningRates.Full,
            HeadOnly = a.Maybe("head-lr") ?? options.MethodLearningRates.HeadOnly,
        },
        BatchSize = a.Count("batch", options.BatchSize),
        Epochs = a.Count("epochs", options.Epochs),
        Patience = a.Count("patience", options.Patience),
        MaxLength = a.Count("max-length", options.MaxLength),
        Warmup = a.Number("train-warmup", options.Warmup),
    };

    private sealed class Progress(Action<PretrainingProgress> report) : IProgress<PretrainingProgress>
    {
        public void Report(PretrainingProgress value) => report(value);
    }
}
