using System.Collections.Immutable;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Tasks;
using AutoPeft.Randomness;
using AutoPeft.Running;
using AutoPeft.Spaces;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>A method that is scored at the end: a member of the front, or a baseline.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="Plan">What is attached and trained.</param>
/// <param name="Training">How; null for the study's own options.</param>
internal sealed record Candidate(string Name, PeftPlan Plan, TrainingOptions? Training = null)
{
    /// <summary>How it was trained before, where its hyperparameters changed on the way.</summary>
    public IReadOnlyList<TrainingPhase> Before { get; init; } = [];
}

/// <summary>A candidate's row in the final table.</summary>
/// <param name="Name">The candidate's.</param>
/// <param name="Mean">Mean test score over the seeds.</param>
/// <param name="StandardDeviation">Of the test scores, n − 1 in the denominator; 0 for a single one.</param>
/// <param name="Scores">Each seed's test score.</param>
/// <param name="DevMean">Mean dev score at the epochs chosen.</param>
/// <param name="ExactParameters">Numbers trained.</param>
/// <param name="PaperParameters">As papers count them.</param>
internal sealed record FinalScore(string Name, double Mean, double StandardDeviation, IReadOnlyList<double> Scores, double DevMean, long ExactParameters, long PaperParameters)
{
    /// <summary>Summarises one candidate's runs.</summary>
    /// <param name="name">The candidate's.</param>
    /// <param name="runs">At least one: test score, dev score and both counts.</param>
    public static FinalScore Of(string name, IReadOnlyList<(double Test, double Dev, long Exact, long Paper)> runs)
    {
        double mean = runs.Average(r => r.Test);
        double deviation = runs.Count < 2 ? 0 : Math.Sqrt(runs.Sum(r => (r.Test - mean) * (r.Test - mean)) / (runs.Count - 1));
        return new FinalScore(name, mean, deviation, [.. runs.Select(r => r.Test)], runs.Average(r => r.Dev), runs[0].Exact, runs[0].Paper);
    }
}

/// <summary>
/// Retrains candidates under seeds that no search has seen and scores them on the test set, which no search has seen either. As an <see cref="ITrialRunner"/> over
/// (candidate, repeat), so that the same workers do it that ran the search. One training at a time.
/// </summary>
internal sealed class FinalEvaluation : ITrialRunner, IDisposable
{
    private readonly string _modelDirectory, _task;
    private readonly TrainingOptions _training;
    private readonly Func<Models.BertConfig, IReadOnlyList<Candidate>> _candidates;
    private readonly ulong _seed;
    private BaseModel? _base;
    private PeftTrainer? _trainer;
    private IReadOnlyList<Candidate> _list = [];

    /// <param name="modelDirectory">Folder of the base model.</param>
    /// <param name="task">A task as <see cref="TaskCatalog"/> resolves it.</param>
    /// <param name="training">How, where a candidate does not say otherwise.</param>
    /// <param name="candidates">The candidates for the model's shape.</param>
    /// <param name="studySeed">Of the search; the seeds used here follow from it and differ from the search's.</param>
    public FinalEvaluation(string modelDirectory, string task, TrainingOptions training, Func<Models.BertConfig, IReadOnlyList<Candidate>> candidates, ulong studySeed) =>
        (_modelDirectory, _task, _training, _candidates, _seed) = (modelDirectory, task, training, candidates, studySeed);

    /// <summary>The space that a host walks through: each candidate with each repeat.</summary>
    public static SearchSpace Space(int candidates, int repeats) =>
        SearchSpace.Build(b => b.Int("candidate", 0, Math.Max(1, candidates - 1)).Int("repeat", 0, Math.Max(1, repeats - 1)), "final-evaluation");

    /// <summary>The seed of a repeat.</summary>
    public static ulong SeedOf(ulong studySeed, int repeat) => new Philox(studySeed, (ulong)repeat, StreamPurpose.Evaluation).NextUInt64();

    /// <summary>Scores one candidate on this thread.</summary>
    /// <param name="trainer">For the base model and task.</param>
    /// <param name="candidate">Whom.</param>
    /// <param name="studySeed">Of the search.</param>
    /// <param name="repeats">How many seeds.</param>
    /// <param name="onStep">Called after every update.</param>
    /// <param name="cancellationToken">Honoured within a step.</param>
    public static FinalScore Score(PeftTrainer trainer, Candidate candidate, ulong studySeed, int repeats, Action? onStep = null, CancellationToken cancellationToken = default)
    {
        var runs = new List<(double, double, long, long)>(repeats);
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            PeftTrainingResult run = TrainingPhase.Train(trainer, candidate.Before, candidate.Plan, candidate.Training, SeedOf(studySeed, repeat), onStep, cancellationToken);
            runs.Add((run.Test!.Score, run.Training.Best.Score, run.ExactParameters, run.PaperParameters));
        }
        return FinalScore.Of(candidate.Name, runs);
    }

    /// <summary>One candidate under one seed: the trial's value is the test score; metrics <c>dev_score</c>, <c>exact_parameters</c>, <c>paper_parameters</c>, <c>train_seconds</c>.</summary>
    public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => Run(trial, reporter, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

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
            _base = BaseModel.Load(_modelDirectory, trial.Device.Kind == "cuda" ? new Device(DeviceType.CUDA, trial.Device.Index) : CPU);
            _list = _candidates(_base.Config);
            _trainer = new PeftTrainer(_base, TaskCatalog.Resolve(_task), _training);
        }
        Candidate candidate = _list[trial.Configuration.GetInt("candidate")];
        PeftTrainingResult run = TrainingPhase.Train(_trainer, candidate.Before, candidate.Plan, candidate.Training, SeedOf(_seed, trial.Configuration.GetInt("repeat")), reporter.Heartbeat, cancellationToken);
        return new TrialOutcome([run.Test!.Score], [], ImmutableSortedDictionary.CreateRange(new Dictionary<string, double>
        {
            ["dev_score"] = run.Training.Best.Score,
            ["exact_parameters"] = run.ExactParameters,
            ["paper_parameters"] = run.PaperParameters,
            ["train_seconds"] = run.Training.Seconds,
        }));
    }
}
