using System.Collections.Immutable;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Tasks;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>
/// Runs trials that fine-tune a base model by a PEFT configuration: objectives dev score and trainable parameters. Base model and encoded
/// data stay in memory from trial to trial. One trial at a time; torch's generator is the process's own, so trials with dropout repeat
/// exactly only where a process runs one at a time.
/// </summary>
/// <param name="options">What the trials have in common.</param>
/// <param name="shared">Where the base model comes from if other runners of the process use the same; remains the caller's. Null for one of
/// its own.</param>
public sealed class PeftTrialRunner(PeftTrialOptions options, BaseModelCache? shared = null) : ITrialRunner, IDisposable
{
    private BaseModel? _base;
    private PeftTrainer? _trainer;
    private FidelityTrainers? _levels;

    /// <inheritdoc/>
    public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
        // A thread of its own, for the whole trial: see FineTuning.Run.
        Task.Factory.StartNew(() => Run(trial, reporter, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    /// <inheritdoc/>
    public void Dispose()
    {
        _levels?.Dispose();
        _levels = null;
        _trainer?.Dispose();
        if (shared is null) _base?.Dispose();
    }

    private TrialOutcome Run(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        PeftTrainer trainer = TrainerFor(trial.Device);
        if (options.Fidelity.Kind != FidelityKind.Steps) return RunLevels(trial, trainer, reporter, cancellationToken);
        TrainingCheckpoint? checkpoint = CheckpointOf(trial, "checkpoint.safetensors");
        if (trial.ResumeFrom is { } from && checkpoint is not { Exists: true })
            Console.Error.WriteLine($"trial {trial.Number}: paused at {from}, and its checkpoint is gone; it starts again");
        long lastStep = 0;
        bool stopped = false, first = true;
        PeftPlan plan = options.PlanOf(trial.Configuration, trainer.Config);
        PeftTrainingResult result = trainer.Train(
            plan,
            trial.Seed,
            options.TrainingOf(trial.Configuration),
            onEvaluation: report =>
            {
                if (first)
                {
                    first = false;
                    lastStep = checkpoint?.Evaluations ?? 0;
                }
                lastStep++;
                Decision decision =
                    reporter.ReportAsync(lastStep, Metrics(report, plan, trainer), cancellationToken).AsTask().GetAwaiter().GetResult();
                stopped = decision is Decision.Stop or Decision.Pause;
                return decision switch
                {
                    Decision.Stop => TrainingDecision.Stop,
                    Decision.Pause => TrainingDecision.Pause,
                    _ => TrainingDecision.Continue,
                };
            },
            onStep: reporter.Heartbeat,
            checkpoint: checkpoint,
            cancellationToken: cancellationToken);
        if (stopped) throw new TrialStoppedException(lastStep);
        return new TrialOutcome([result.Training.Best.Score, options.CountOf(result)], [], Metrics(result));
    }

    /// <summary>
    /// A training from the start at every level, until the scheduler wants no more: one report each. Within a level a checkpoint keeps it,
    /// as for any training.
    /// </summary>
    private TrialOutcome RunLevels(TrialAssignment trial, PeftTrainer trainer, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        FidelityTrainers levels = _levels ??= new FidelityTrainers(_base!, trainer, options.Fidelity);
        PeftPlan plan = options.PlanOf(trial.Configuration, trainer.Config);
        double trained = 0;
        for (int k = 0; ; k++)
        {
            int level = levels.Levels[k];
            bool last = k + 1 == levels.Levels.Count;
            trained += level;
            // One that was paused at its end has to give its result, and that was not kept.
            if (level <= trial.ResumeFrom && !last) continue;
            TrainingCheckpoint? checkpoint = CheckpointOf(trial, $"checkpoint-{level}.safetensors");
            PeftTrainingResult result = levels.Train(level, plan, trial.Seed, options.TrainingOf(trial.Configuration), reporter.Heartbeat,
                checkpoint, cancellationToken);
            // The network of a level may be smaller; what a configuration costs is what it costs on the whole one.
            result = result with
            {
                ExactParameters = plan.ExactCount(trainer.Config, trainer.Task.Outputs),
                PaperParameters = plan.PaperCount(trainer.Config),
            };
            Dictionary<string, double> metrics = Metrics(result.Training.Best, plan, trainer);
            metrics[TrialFidelity.TrainedMetric] = trained;
            if (level > (trial.ResumeFrom ?? 0)
                && reporter.ReportAsync(level, metrics, cancellationToken).AsTask().GetAwaiter()
                    .GetResult() is Decision.Stop or Decision.Pause) throw new TrialStoppedException(level);
            if (last) return new TrialOutcome([result.Training.Best.Score, options.CountOf(result)], [], Metrics(result));
        }
    }

    /// <summary>Where a trial's training is kept; null where the trial has no folder. A file that cannot be used is said.</summary>
    private static TrainingCheckpoint? CheckpointOf(TrialAssignment trial, string name) =>
        trial.WorkDirectory is not { } directory ? null : new(Path.Combine(directory, name))
        {
            OnRefused = why => Console.Error.WriteLine($"trial {trial.Number}: its checkpoint cannot be used ({why}); it starts again"),
        };

    /// <summary>A slot's device as torch knows it.</summary>
    internal static Device DeviceOf(DeviceSlot slot) => slot.Kind == "cuda" ? new Device(DeviceType.CUDA, slot.Index) : CPU;

    private PeftTrainer TrainerFor(DeviceSlot slot)
    {
        set_num_threads(slot.Threads);
        Device device = DeviceOf(slot);
        if (_trainer is not null && _base!.Device.ToString() == device.ToString()) return _trainer;
        Dispose();
        _base = shared?.For(options.ModelDirectory, device) ?? BaseModel.Load(options.ModelDirectory, device);
        return _trainer = new PeftTrainer(_base, TaskCatalog.Resolve(options.Task), options.Training);
    }

    /// <summary>What a scheduler may compare: every objective by its name, and the course of the training.</summary>
    private Dictionary<string, double> Metrics(EvaluationReport report, PeftPlan plan, PeftTrainer trainer) => new(report.ToMetrics())
    {
        [PeftTrialOptions.Objectives[0].Name] = report.Score,
        [PeftTrialOptions.Objectives[1].Name] =
            options.Count == CountingRule.Exact ? plan.ExactCount(trainer.Config, trainer.Task.Outputs) : plan.PaperCount(trainer.Config),
    };

    private static ImmutableSortedDictionary<string, double> Metrics(PeftTrainingResult result) =>
        ImmutableSortedDictionary.CreateRange(new Dictionary<string, double>
        {
            ["dev_loss"] = result.Training.Best.Loss,
            ["best_epoch"] = result.Training.Best.Epoch,
            ["steps"] = result.Training.Steps,
            ["train_seconds"] = result.Training.Seconds,
            ["exact_parameters"] = result.ExactParameters,
            ["paper_parameters"] = result.PaperParameters,
        });
}
