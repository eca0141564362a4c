using AutoPeft.Peft.SelfTuning;
using AutoPeft.Peft.Tasks;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Calibration;

/// <summary>
/// Self-tuned regularisation beside the best fixed one of a search and beside the schedule that self-tuning found, all on the dev loss; the
/// test loss for the record.
/// </summary>
internal static class SelfTuningTable
{
    public static async Task Run(Arguments arguments)
    {
        using BaseModel model = BaseModel.Load(arguments.Text("model", ""));
        TorchSharp.torch.set_num_threads(1);
        using var training = new SelfTuningTraining(model, TaskCatalog.Resolve(arguments.Text("tasks", "polarity")), 32);
        var options = new SelfTuningOptions
        {
            Steps = arguments.Count("steps", 600),
            LearningRate = arguments.Number("lr", 1e-3),
            TuningRate = arguments.Number("tuning-rate", 3e-2),
            Spread = arguments.Number("spread", 1),
            EntropyWeight = arguments.Number("entropy", 1e-3),
            EvaluateEvery = arguments.Count("every", 25),
        };
        foreach (int seed in Enumerable.Range(0, arguments.Count("seeds", 1)))
        {
            SelfTuningOptions seeded = options with { Seed = (ulong)seed };
            SelfTuningResult tuned = training.Run(seeded,
                arguments.Text("verbose", "") == ""
                    ? null
                    : r => Console.WriteLine($"  step {r.Step,5} dev loss {r.DevLoss:f4} score {r.DevScore:f3}  "
                        + $"{string.Join(' ', r.Regularization.Values.Select(v => v.ToString("f3")))}"));
            Print($"self-tuned, seed {seed}", tuned);
            Print("its schedule", training.Scheduled(seeded, tuned.History));
            Print("where it started, fixed", training.Fixed(seeded, options.Start));
            Print("none, fixed", training.Fixed(seeded, new Regularization(0, 0, 0, 0, 0)));
            int trials = arguments.Count("trials", 40);
            if (trials == 0) continue;
            long passes = 0;
            SelfTuningResult? best = null;
            SearchSpace space = SearchSpace.Build(b =>
            {
                for (int i = 0; i < Regularization.Count; i++) b.Float(Regularization.Names[i], 0, Regularization.Maxima[i]);
            });
            await Sweep.Over(space).Minimize("dev_loss").Trials(trials).Seed((ulong)seed).RunAsync(c =>
            {
                SelfTuningResult fixedRun = training.Fixed(seeded, Regularization.Of([.. Regularization.Names.Select(c.GetDouble)]));
                passes += fixedRun.Passes;
                if (best is null || fixedRun.Best.DevLoss < best.Best.DevLoss) best = fixedRun;
                return [fixedRun.Best.DevLoss];
            });
            Print($"best fixed of {trials}", best!);
            Console.WriteLine($"self-tuning took {(double)tuned.Passes / passes:p1} of the search's passes");
        }
    }

    private static void Print(string name, SelfTuningResult r) =>
        Console.WriteLine($"{name,-24} dev loss {r.Best.DevLoss:f4} score {r.Best.DevScore:f3} at step {r.Best.Step,5}  test loss "
            + $"{r.Test.Loss:f4} score {r.Test.Score:f3}  {r.Passes,8} passes {r.Seconds,6:f1} s  "
            + $"{string.Join(' ', r.Best.Regularization.Values.Select(v => v.ToString("f3")))}");
}
