using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Demo;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using TorchSharp;

namespace AutoPeft.Calibration;

/// <summary>
/// Records learning curves for the benchmark of schedulers: a full-fidelity study whose first configurations are Sobol' points and whose
/// others the Gaussian process proposes, each trained to its last epoch without patience. One JSON object a trial; a file that exists is
/// gone on with, so that the recording can be done in pieces.
/// </summary>
internal static class CurveRecorder
{
    public static void Record(Arguments arguments)
    {
        string path = arguments.Text("out", "curves.jsonl"), spec = arguments.Text("task", "polarity");
        var watch = Stopwatch.StartNew();
        using BaseModel model = BaseModel.Load(arguments.Text("model", ""));
        torch.set_num_threads(arguments.Count("threads", 1));
        TextTask task = TaskCatalog.Resolve(spec);
        TrainingOptions training = new DemoOptions().Training with { Patience = 1_000_000, RestoreBest = false };
        training = training with { Epochs = arguments.Count("epochs", training.Epochs) };
        // Smaller budgets at which every configuration is trained again, from its start and with a whole learning-rate schedule: epochs,
        // and shares of the data.
        double[] budgets = Numbers(arguments.Text("budgets", "")), shares = Numbers(arguments.Text("shares", ""));
        int evaluations = arguments.Count("evaluations", 1);
        var options = new PeftTrialOptions
        {
            ModelDirectory = arguments.Text("model", ""),
            Task = spec,
            Space = arguments.Text("space", "autopeft"),
            Training = training,
        };
        using var trainer = new PeftTrainer(model, task, training);
        SearchSpace space = options.SearchSpace();
        var study = new Study();
        study.Apply(new StudyCreated(DateTimeOffset.UnixEpoch,
            new StudyDefinition(space, [PeftTrialOptions.Objectives[0], PeftTrialOptions.Objectives[1] with { Log = true }]) { Seed = 1 }));
        if (File.Exists(path))
            foreach (string line in File.ReadLines(path)) Restore(study, JsonDocument.Parse(line).RootElement);
        int startup = arguments.Count("sobol", 60), count = arguments.Count("count", 120);
        var sobol = new SobolSampler();
        var gp = new GaussianProcessSampler();
        while (study.Trials.Count < count && watch.Elapsed.TotalSeconds < arguments.Number("seconds", 150))
        {
            int number = study.Trials.Count;
            ISampler sampler = number < startup ? sobol : gp;
            Proposal proposal = sampler.Propose(study, 1, new Philox(1, (ulong)number, StreamPurpose.Ask))[0];
            double start = watch.Elapsed.TotalSeconds;
            PeftPlan plan = options.PlanOf(proposal.Configuration, model.Config);
            TrainingOptions own = options.TrainingOf(proposal.Configuration);
            int perEpoch = (task.Train.Count + own.BatchSize - 1) / own.BatchSize;
            own = own with { EvaluateEverySteps = perEpoch / evaluations };
            PeftTrainingResult result = trainer.Train(plan, (ulong)number + 1, own);
            var restarts = new List<object>();
            foreach (double epochs in budgets)
                restarts.Add(
                    new { epochs, share = 1.0, curve = Curve(trainer.Train(plan, (ulong)number + 1, own with { Epochs = (int)epochs })) });
            foreach (double share in shares)
            {
                using var part =
                    new PeftTrainer(model, task with { Train = [.. task.Train.Take((int)Math.Round(share * task.Train.Count))] }, training);
                restarts.Add(new
                {
                    epochs = (double)training.Epochs,
                    share,
                    curve = Curve(
                    part.Train(plan, (ulong)number + 1, own with { EvaluateEverySteps = null }))
                });
            }
            long parameters = options.CountOf(result);
            string json = JsonSerializer.Serialize(new
            {
                trial = number,
                codes = proposal.Configuration.Codes.ToArray().Select(c => double.IsNaN(c) ? null : (double?)c),
                parameters,
                steps_per_epoch = result.Training.History[0].Step,
                evaluations,
                curve = Curve(result),
                restarts,
            });
            File.AppendAllText(path, json + "\n");
            Restore(study, JsonDocument.Parse(json).RootElement, proposal.State);
            Console.WriteLine($"{number} {parameters} best {result.Training.Best.Score:f3} {watch.Elapsed.TotalSeconds - start:f1} s");
        }
        Console.WriteLine(study.Trials.Count < count ? "more" : "done");
    }

    private static double[] Numbers(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(t => double.Parse(t, System.Globalization.CultureInfo.InvariantCulture))];

    private static double[][] Curve(PeftTrainingResult result) =>
        [.. result.Training.History.Select(r => new[] { Round(r.Score), Round(r.Loss), Round(r.TrainLoss), Round(r.GradientNorm) })];

    private static double Round(double value) => Math.Round(value, 5);

    private static void Restore(Study study, JsonElement e, string? state = null)
    {
        int number = study.Trials.Count;
        double[] codes =
            [.. e.GetProperty("codes").EnumerateArray().Select(c => c.ValueKind == JsonValueKind.Null ? double.NaN : c.GetDouble())];
        study.Apply(new TrialProposed(DateTimeOffset.UnixEpoch, number, study.Definition.Space.FromCodes(codes), "recorded", study.Sequence,
            number, 1, state));
        double best = e.GetProperty("curve").EnumerateArray().Max(r => r[0].GetDouble());
        study.Apply(new TrialCompleted(DateTimeOffset.UnixEpoch, number, null, [best, e.GetProperty("parameters").GetDouble()], [],
            ImmutableSortedDictionary<string, double>.Empty));
    }
}
