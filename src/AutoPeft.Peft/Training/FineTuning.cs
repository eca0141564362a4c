using System.Diagnostics;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Randomness;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>
/// Fine-tunes whatever is marked as trainable in a model. Everything random hangs on (seed, epoch or step), nothing on a running generator:
/// on one thread the same seed gives the same losses bit for bit, and a training restored from a <see cref="TrainingState"/> goes on as if
/// it had never stopped. Not thread-safe. Dispose to free the optimiser; the model and the data remain the caller's.
/// </summary>
internal sealed class FineTuning : IDisposable
{
    private readonly BertForSequenceClassification _model;
    private readonly EncodedTask _task;
    private readonly TrainingOptions _options;
    private readonly ulong _seed;
    private readonly (string Name, Parameter Parameter)[] _trainable;
    private readonly IOptimizer _optimizer;
    private readonly ScheduleKind _schedule;
    private readonly double _learningRate;
    private readonly long _stepsPerEpoch, _totalSteps, _warmupSteps;
    private readonly List<EvaluationReport> _history = [];
    private readonly Dictionary<string, Tensor> _best = [];
    private EvaluationReport? _bestReport;
    private int _sinceBest;
    private double _lossSum, _normSum;
    private long _lossCount;

    /// <param name="model">With a plan applied.</param>
    /// <param name="task">Encoded for the model's device.</param>
    /// <param name="options">How.</param>
    /// <param name="learningRate">Peak learning rate.</param>
    /// <param name="seed">Of batches and dropout.</param>
    /// <exception cref="InvalidInputException">An option makes no sense, or the model has nothing to train.</exception>
    public FineTuning(BertForSequenceClassification model, EncodedTask task, TrainingOptions options, double learningRate, ulong seed)
    {
        (_model, _task, _options, _learningRate, _seed) = (model, task, options.Checked(), learningRate, seed);
        _trainable = [.. PeftModel.TrainableParameters(model)];
        if (_trainable.Length == 0) throw new InvalidInputException("nothing to train: the plan leaves every parameter frozen");
        model.ProductType = options.BFloat16 ? ScalarType.BFloat16 : null;
        OptimizerChoice choice = OptimizerChoice.Parse(options.Optimizer);
        _optimizer = choice.Create(_trainable, options.Updates);
        _schedule = choice.WantsConstantRate ? ScheduleKind.Constant : options.Schedule;
        _stepsPerEpoch = (task.Train.Count + options.BatchSize - 1) / options.BatchSize;
        _totalSteps = _stepsPerEpoch * options.Epochs;
        _warmupSteps = (long)Math.Ceiling(options.Warmup * _totalSteps);
    }

    /// <summary>Updates made so far.</summary>
    public long Step { get; private set; }

    /// <summary>Updates if no patience ends the training sooner.</summary>
    public long TotalSteps => _totalSteps;

    /// <summary>Trains to the end.</summary>
    /// <param name="onEvaluation">Hears of every evaluation and may end the training.</param>
    /// <param name="onStep">Called after every update.</param>
    /// <param name="cancellationToken">Honoured within a step.</param>
    /// <exception cref="TrainingDivergedException">The loss was not finite before the first evaluation.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; <see cref="Capture"/> still tells where the training stands.</exception>
    /// <remarks>
    /// Runs on the calling thread from beginning to end, because OpenMP counts threads for each calling thread: a training that hopped
    /// between threads would leave its thread budget.
    /// </remarks>
    public FineTuningResult Run(Func<EvaluationReport, TrainingDecision>? onEvaluation = null, Action? onStep = null,
        CancellationToken cancellationToken = default)
    {
        var watch = Stopwatch.StartNew();
        TrainingEnd end = TrainingEnd.Completed;
        List<int[]>? batches = null;
        int batchesOf = -1;
        _model.train();
        while (true)
        {
            // Before the next update, not after the last: a training that was captured within an evaluation makes up for it.
            if (Step > 0 && IsEvaluationDue() && (_history.Count == 0 || _history[^1].Step != Step))
            {
                EvaluationReport report = Evaluate(cancellationToken);
                if (onEvaluation?.Invoke(report) is TrainingDecision.Stop or TrainingDecision.Pause)
                {
                    end = TrainingEnd.Stopped;
                    break;
                }
            }
            if (Step >= _totalSteps) break;
            if (_sinceBest >= _options.Patience)
            {
                end = TrainingEnd.Patience;
                break;
            }
            int epoch = (int)(Step / _stepsPerEpoch);
            if (batches is null || batchesOf != epoch)
            {
                batches = BatchOrder.Epoch(_task.Train.Lengths, _options.BatchSize, _options.GroupByLength, _seed, epoch);
                batchesOf = epoch;
            }
            if (!Update(batches[(int)(Step % _stepsPerEpoch)], cancellationToken))
            {
                if (_bestReport is null) throw new TrainingDivergedException(Step, _learningRate);
                end = TrainingEnd.Diverged;
                break;
            }
            onStep?.Invoke();
        }
        _optimizer.ForEvaluation();
        if (_options.RestoreBest) RestoreBest();
        return new FineTuningResult(_bestReport!, [.. _history], Step, watch.Elapsed.TotalSeconds, end);
    }

    /// <summary>Where the training stands, as tensors and numbers; dispose it when written.</summary>
    public TrainingState Capture() => TrainingState.Of(_trainable, _best, _optimizer,
        new TrainingPosition(Step, _sinceBest, _lossSum, _lossCount, _bestReport, [.. _history], _seed, _normSum));

    /// <summary>Goes back to a captured state.</summary>
    /// <exception cref="InvalidInputException">The state is of another plan, model or seed.</exception>
    public void Restore(TrainingState state)
    {
        if (state.Position.Seed != _seed)
            throw new InvalidInputException(
                $"the checkpoint was trained with seed {state.Position.Seed}, not {_seed}; it cannot go on with another");
        state.CopyTo(_trainable, _optimizer);
        (Step, _sinceBest, _lossSum, _normSum, _lossCount,
            _bestReport) = (state.Position.Step, state.Position.SinceBest, state.Position.LossSum, state.Position.NormSum,
                state.Position.LossCount, state.Position.Best);
        _history.Clear();
        _history.AddRange(state.Position.History);
        ClearBest();
        foreach (var (name, value) in state.Best) _best[name] = value.clone().DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        ClearBest();
    }

    /// <summary>One update; false where it would not be finite.</summary>
    private bool Update(int[] rows, CancellationToken cancellationToken)
    {
        // Dropout draws from torch's generator; seeding it by step makes the step a function of (seed, step).
        using (manual_seed((long)(new Philox(_seed, (ulong)Step, StreamPurpose.Training).NextUInt64() >> 1))) { }
        int part = (rows.Length + _options.AccumulationSteps - 1) / _options.AccumulationSteps;
        double loss = 0;
        for (int start = 0; start < rows.Length; start += part)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            ReadOnlySpan<int> some = rows.AsSpan(start, Math.Min(part, rows.Length - start));
            EncodedBatch batch = _task.Train.Select(some, _options.FixedLength ? _options.MaxLength : null);
            Tensor partLoss = TaskLoss.Of(_model.forward(batch.Ids, batch.TypeIds, batch.Mask), batch.Labels, _task.Task.IsRegression);
            double share = (double)some.Length / rows.Length;
            if (share < 1) partLoss = partLoss * share;
            partLoss.backward();
            loss += partLoss.ToDouble();
        }
        double norm = _optimizer.Step(CurrentLearningRate, loss);
        if (!double.IsFinite(loss) || !double.IsFinite(norm)) return false;
        _lossSum += loss;
        _normSum += norm;
        _lossCount++;
        Step++;
        return true;
    }

    private double CurrentLearningRate => _learningRate * LearningRateSchedule.Factor(_schedule, Step, _totalSteps, _warmupSteps);

    private bool IsEvaluationDue() => Step == _totalSteps || Step % (_options.EvaluateEverySteps ?? _stepsPerEpoch) == 0;

    private EvaluationReport Evaluate(CancellationToken cancellationToken)
    {
        _optimizer.ForEvaluation();
        try
        {
            return EvaluateHere(cancellationToken);
        }
        finally
        {
            _optimizer.ForTraining();
        }
    }

    private EvaluationReport EvaluateHere(CancellationToken cancellationToken)
    {
        SplitEvaluation evaluation = SplitEvaluation.Of(_model, _task.Task, _task.Dev, _options.EvaluationBatchSize, cancellationToken);
        double factor = LearningRateSchedule.Factor(_schedule, Step - 1, _totalSteps, _warmupSteps);
        var report = new EvaluationReport((double)Step / _stepsPerEpoch, Step, evaluation.Score, evaluation.Loss, _lossSum / _lossCount,
            _learningRate * factor, _normSum / _lossCount);
        (_lossSum, _normSum, _lossCount) = (0, 0, 0);
        _history.Add(report);
        if (_bestReport is null || report.Score > _bestReport.Score)
        {
            _bestReport = report;
            _sinceBest = 0;
            if (_options.RestoreBest) KeepBest();
        }
        else
        {
            _sinceBest++;
        }
        return report;
    }

    private void KeepBest()
    {
        using var scope = NewDisposeScope();
        using var gradientFree = no_grad();
        foreach (var (name, parameter) in _trainable)
        {
            if (_best.TryGetValue(name, out Tensor? kept)) kept.copy_(parameter);
            else _best[name] = parameter.detach().clone().DetachFromDisposeScope();
        }
    }

    private void RestoreBest()
    {
        using var gradientFree = no_grad();
        foreach (var (name, parameter) in _trainable)
        {
            if (_best.TryGetValue(name, out Tensor? kept)) parameter.copy_(kept);
        }
    }

    private void ClearBest()
    {
        foreach (Tensor kept in _best.Values) kept.Dispose();
        _best.Clear();
    }
}
