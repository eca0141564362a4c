using System.Collections.Immutable;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Spaces;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>
/// Retrains candidates under seeds that no search has used: to choose a learning rate for each by its dev score
/// (<see cref="RateSpace"/>), and then to score each on the test set, which no search has seen either (<see cref="Space"/>). An
/// <see cref="ITrialRunner"/>, so that the same workers do it that ran the search. One training at a time.
/// </summary>
/// <param name="modelDirectory">Folder of the base model.</param>
/// <param name="task">A task as <see cref="TaskCatalog"/> resolves it.</param>
/// <param name="training">How candidates are trained that do not say otherwise.</param>
/// <param name="candidates">The candidates for the model's shape.</param>
/// <param name="studySeed">Seed of the search; the seeds used here follow from it and differ from the search's.</param>
internal sealed class FinalEvaluation(
    string modelDirectory, string task, TrainingOptions training, Func<BertConfig, IReadOnlyList<Candidate>> candidates, ulong studySeed)
    : ITrialRunner, IDisposable
{
    // Far from the repeats' numbers, which count up from 0.
    private const ulong RateSeed = ulong.MaxValue;

    private BaseModel? _base;
    private PeftTrainer? _trainer;
    private IReadOnlyList<Candidate> _list = [];

    /// <summary>
    /// The learning rates that the parameter <c>rate</c> of <see cref="RateSpace"/> numbers; none (the default) where the runner scores
    /// repeats on the test set.
    /// </summary>
    public IReadOnlyList<double> Rates { get; init; } = [];

    /// <summary>The space that a host walks through to score: each candidate with each repeat.</summary>
    public static SearchSpace Space(int candidates, int repeats) => SearchSpace.Build(
        b => b.Int("candidate", 0, Math.Max(1, candidates - 1)).Int("repeat", 0, Math.Max(1, repeats - 1)), "final-evaluation");

    /// <summary>The space that a host walks through to choose learning rates: each candidate with each rate.</summary>
    public static SearchSpace RateSpace(int candidates, int rates) => SearchSpace.Build(
        b => b.Int("candidate", 0, Math.Max(1, candidates - 1)).Int("rate", 0, Math.Max(1, rates - 1)), "final-rates");

    /// <summary>The training seed of a repeat.</summary>
    public static ulong SeedOf(ulong studySeed, int repeat) => new Philox(studySeed, (ulong)repeat, StreamPurpose.Evaluation).NextUInt64();

    /// <summary>
    /// Trains one candidate. With a repeat the trial's value is the test score; with a rate the dev score, and the test set is not touched.
    /// Metrics: <c>dev_score</c>, <c>dev_loss</c>, <c>exact_parameters</c>, <c>paper_parameters</c>, <c>train_seconds</c>.
    /// </summary>
    public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () => Run(trial, reporter, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer?.Dispose();
        _base?.Dispose();
    }

    private TrialOutcome Run(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        set_num_threads(trial.Device.Threads);
        if (_trainer is null)
        {
            _base = BaseModel.Load(modelDirectory, trial.Device.Kind == "cuda" ? new Device(DeviceType.CUDA, trial.Device.Index) : CPU);
            _list = candidates(_base.Config);
            _trainer = new PeftTrainer(_base, TaskCatalog.Resolve(task), training);
        }
        Candidate candidate = _list[trial.Configuration.GetInt("candidate")];
        bool choosesRate = Rates.Count > 0;
        double? rate = choosesRate ? Rates[trial.Configuration.GetInt("rate")] : candidate.LearningRate;
        TrainingOptions how = candidate.Training ?? training;
        if (rate is not null) how = how with { LearningRate = rate };
        ulong seed = choosesRate
            ? new Philox(studySeed, RateSeed, StreamPurpose.Evaluation).NextUInt64()
            : SeedOf(studySeed, trial.Configuration.GetInt("repeat"));
        PeftTrainingResult run = TrainingPhase.Train(_trainer, candidate.Before, candidate.Plan, how, seed,
            scoreTest: !choosesRate, onStep: reporter.Heartbeat, cancellationToken: cancellationToken);
        EvaluationReport best = run.Training.Best;
        var metrics = new Dictionary<string, double>
        {
            ["dev_score"] = best.Score,
            ["dev_loss"] = best.Loss,
            ["exact_parameters"] = run.ExactParameters,
            ["paper_parameters"] = run.PaperParameters,
            ["train_seconds"] = run.Training.Seconds,
        };
        return new TrialOutcome([run.Test?.Score ?? best.Score], [], metrics.ToImmutableSortedDictionary());
    }
}
