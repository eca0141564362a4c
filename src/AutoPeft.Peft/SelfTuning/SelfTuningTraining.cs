using System.Diagnostics;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Training;
using AutoPeft.Randomness;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.SelfTuning;

/// <summary>
/// Fine-tunes a whole encoder and its regularisation in one run (MacKay et al., "Self-Tuning Networks", ICLR 2019). Weights are trained on
/// the training set under regularisation perturbed around where it stands, so that they learn how to respond to it; between, the
/// regularisation follows the gradient of the dev loss through that response. With <see cref="Fixed"/> or <see cref="Scheduled"/> the same
/// network is trained under regularisation that somebody chose: what a search over fixed values costs a training each for. Runs on the
/// calling thread; a function of the seed on one thread.
/// </summary>
internal sealed class SelfTuningTraining : IDisposable
{
    private readonly BaseModel _base;
    private readonly EncodedTask _task;

    /// <param name="baseModel">What is fine-tuned.</param>
    /// <param name="task">A classification.</param>
    /// <param name="maxLength">Longest input in tokens.</param>
    /// <exception cref="InvalidInputException">The task is a regression: there are no labels to smooth.</exception>
    public SelfTuningTraining(BaseModel baseModel, Tasks.TextTask task, int maxLength = 128)
    {
        if (task.IsRegression) throw new InvalidInputException($"{task.Name}: self-tuning takes tasks with classes, not values");
        _base = baseModel;
        _task = new EncodedTask(task, baseModel.Tokenizer, Math.Min(maxLength, baseModel.Config.MaxPositionEmbeddings), baseModel.Device);
    }

    /// <summary>Trains and tunes.</summary>
    public SelfTuningResult Run(SelfTuningOptions options, Action<SelfTuningReport>? progress = null,
        CancellationToken cancellationToken = default) =>
        new Course(_base, _task, options.Checked(), _ => null, progress).Run(cancellationToken);

    /// <summary>Trains under regularisation that stays where it is.</summary>
    public SelfTuningResult Fixed(SelfTuningOptions options, Regularization regularization,
        CancellationToken cancellationToken = default) =>
        new Course(_base, _task, options.Checked(), _ => regularization, null).Run(cancellationToken);

    /// <summary>
    /// Trains under the regularisation that another training had at each step: what the schedule that was found is worth without the
    /// response.
    /// </summary>
    public SelfTuningResult Scheduled(SelfTuningOptions options, IReadOnlyList<SelfTuningReport> history,
        CancellationToken cancellationToken = default) =>
        new Course(_base, _task, options.Checked(), step => history.LastOrDefault(h => h.Step <= step)?.Regularization ?? options.Start,
            null).Run(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _task.Dispose();

    private sealed class Course(BaseModel baseModel, EncodedTask task, SelfTuningOptions options, Func<int, Regularization?> given,
        Action<SelfTuningReport>? progress)
    {
        private const double Beta1 = 0.9, Beta2 = 0.999;

        private readonly TuningBatch _batch = new();
        private readonly List<SelfTuningReport> _history = [];
        private readonly Dictionary<string, Tensor> _best = [];
        private readonly double[] _numbers = (given(0) ?? options.Start).ToUnconstrained();
        private readonly double[] _spread = [.. Enumerable.Repeat(Math.Log(options.Spread), Regularization.Count)];
        private readonly double[] _first = new double[2 * Regularization.Count], _second = new double[2 * Regularization.Count];
        private readonly bool _tunes = given(0) is null;
        private long _passes;
        private int _tunings;

        public SelfTuningResult Run(CancellationToken cancellationToken)
        {
            var watch = Stopwatch.StartNew();
            using BertForSequenceClassification model = baseModel.Instantiate(task.Task.Outputs, options.Seed);
            BestResponseLinear[] layers = [.. Attach(model)];
            (string Name, Parameter Parameter)[] weights =
                [.. model.named_parameters().Select(p => (p.name, p.parameter)),
                    .. layers.SelectMany((l, i) => l.Parameters.Select((p, j) => ($"response.{i}.{j}", p)))];
            using var optimizer = new FlatAdamW(weights, new UpdateOptions { WeightDecay = 0 });
            try
            {
                model.train();
                int tuningFrom = (int)(options.TuningWarmup * options.Steps), warmup = Math.Max(1, options.Steps / 20);
                for (int step = 0; step < options.Steps; step++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (given(step) is { } regularization) regularization.ToUnconstrained().CopyTo(_numbers, 0);
                    using (manual_seed((long)(new Philox(options.Seed, (ulong)step, StreamPurpose.Training).NextUInt64() >> 1))) { }
                    Fit(model, Rows(task.Train, step, epochs: 0));
                    double rate = options.LearningRate * LearningRateSchedule.Factor(ScheduleKind.Linear, step, options.Steps, warmup);
                    if (!double.IsFinite(optimizer.Step(rate))) throw new TrainingDivergedException(step, options.LearningRate);
                    if (_tunes && step >= tuningFrom && (step + 1) % options.StepsPerTuning == 0)
                    {
                        Tune(model, Rows(task.Dev, step / options.StepsPerTuning, epochs: 1 << 20));
                        foreach ((_, Parameter parameter) in weights) parameter.grad = null!;
                    }
                    if ((step + 1) % options.EvaluateEvery == 0 || step + 1 == options.Steps)
                        Evaluate(model, weights, step + 1, cancellationToken);
                }
                using (no_grad())
                    foreach ((string name, Parameter parameter) in weights) parameter.copy_(_best[name]);
                SelfTuningReport best = _history.MinBy(h => h.DevLoss)!;
                Put(best.Regularization.ToUnconstrained());
                SplitEvaluation test = SplitEvaluation.Of(model, task.Task, task.Test, 256, cancellationToken);
                return new SelfTuningResult(best, test, _history, _passes, watch.Elapsed.TotalSeconds);
            }
            finally
            {
                _batch.Numbers?.Dispose();
                foreach (BestResponseLinear layer in layers) layer.Dispose();
                foreach (Tensor t in _best.Values) t.Dispose();
            }
        }

        private IEnumerable<BestResponseLinear> Attach(BertForSequenceClassification model)
        {
            BestResponseLinear Of(AdaptableLinear linear, int dropout) => new(linear, _batch, dropout, _tunes);
            foreach (BertLayer layer in model.Bert.Layers)
            {
                foreach (AdaptableLinear linear in (AdaptableLinear[])[layer.Attention.Self.Query, layer.Attention.Self.Key,
                    layer.Attention.Self.Value, layer.Attention.Output.Dense]) yield return Of(linear, 0);
                foreach (AdaptableLinear linear in (AdaptableLinear[])[layer.Intermediate.Dense, layer.Output.Dense])
                    yield return Of(linear, 1);
            }
            yield return Of(model.Bert.Pooler!.Dense, 2);
            yield return Of(model.Classifier, 2);
        }

        /// <summary>One gradient of the training loss in the weights, each example under regularisation of its own.</summary>
        private void Fit(BertForSequenceClassification model, EncodedBatch batch)
        {
            using var scope = NewDisposeScope();
            using EncodedBatchScope _ = new(batch);
            long rows = batch.Ids.shape[0];
            Tensor numbers = Row(_numbers).expand(rows, Regularization.Count);
            if (_tunes) numbers = numbers + randn(rows, Regularization.Count, device: baseModel.Device) * Row(_spread).exp();
            Use(numbers, drops: true);
            Tensor masked = rand(batch.Ids.shape, device: baseModel.Device).lt(Regularization.Column(numbers, 4).unsqueeze(1))
                .logical_and(IsWord(batch));
            Tensor logits = model.forward(batch.Ids.masked_fill(masked, baseModel.Tokenizer.Vocabulary.MaskId), batch.TypeIds, batch.Mask);
            Tensor log = logits.log_softmax(1), smoothing = Regularization.Column(numbers, 3);
            Tensor loss = -((1 - smoothing) * log.gather(1, batch.Labels.unsqueeze(1)).squeeze(1) + smoothing * log.mean([1])).mean();
            loss.backward();
            _passes += rows * (_tunes ? 2 : 1);
        }

        /// <summary>One step of the regularisation down the dev loss, through the response of the weights.</summary>
        private void Tune(BertForSequenceClassification model, EncodedBatch batch)
        {
            using var scope = NewDisposeScope();
            using EncodedBatchScope _ = new(batch);
            long rows = batch.Ids.shape[0];
            Tensor mean = Row(_numbers).requires_grad_(true), spread = Row(_spread).requires_grad_(true);
            Use(mean.expand(rows, Regularization.Count) + randn(rows, Regularization.Count, device: baseModel.Device) * spread.exp(),
                drops: false);
            Tensor loss = nn.functional.cross_entropy(model.forward(batch.Ids, batch.TypeIds, batch.Mask), batch.Labels)
                - options.EntropyWeight * spread.sum();
            loss.backward();
            _passes += rows * 2;
            double[] gradient = [.. mean.grad!.to(ScalarType.Float64).data<double>().ToArray(),
                .. spread.grad!.to(ScalarType.Float64).data<double>().ToArray()];
            _tunings++;
            for (int i = 0; i < gradient.Length; i++)
            {
                if (!double.IsFinite(gradient[i])) continue;
                _first[i] = Beta1 * _first[i] + (1 - Beta1) * gradient[i];
                _second[i] = Beta2 * _second[i] + (1 - Beta2) * gradient[i] * gradient[i];
                double step = options.TuningRate * (_first[i] / (1 - Math.Pow(Beta1, _tunings)))
                    / (Math.Sqrt(_second[i] / (1 - Math.Pow(Beta2, _tunings))) + 1e-8);
                ref double value = ref (i < Regularization.Count ? ref _numbers[i] : ref _spread[i - Regularization.Count]);
                value = Math.Clamp(value - step, i < Regularization.Count ? -6 : -3, i < Regularization.Count ? 6 : 1);
            }
        }

        private void Evaluate(BertForSequenceClassification model, (string Name, Parameter Parameter)[] weights, int step,
            CancellationToken cancellationToken)
        {
            Put(_numbers);
            SplitEvaluation dev = SplitEvaluation.Of(model, task.Task, task.Dev, 256, cancellationToken);
            var report = new SelfTuningReport(step, dev.Loss, dev.Score, Regularization.FromUnconstrained(_numbers));
            if (_history.Count == 0 || dev.Loss < _history.Min(h => h.DevLoss))
            {
                using var gradientFree = no_grad();
                foreach ((string name, Parameter parameter) in weights)
                {
                    if (_best.TryGetValue(name, out Tensor? kept)) kept.copy_(parameter);
                    else _best[name] = parameter.detach().clone().DetachFromDisposeScope();
                }
            }
            _history.Add(report);
            progress?.Invoke(report);
        }

        /// <summary>The same numbers for every example; they broadcast.</summary>
        private void Put(double[] numbers)
        {
            using var scope = NewDisposeScope();
            Use(Row(numbers), drops: false);
        }

        private void Use(Tensor numbers, bool drops)
        {
            _batch.Numbers?.Dispose();
            _batch.Numbers = numbers.DetachFromDisposeScope();
            _batch.Drops = drops;
        }

        private Tensor Row(double[] values) => tensor(Array.ConvertAll(values, v => (float)v), device: baseModel.Device).unsqueeze(0);

        /// <summary>Neither padding nor [CLS] nor [SEP].</summary>
        private Tensor IsWord(EncodedBatch batch) =>
            batch.Mask.gt(0).logical_and(batch.Ids.ne(baseModel.Tokenizer.Vocabulary.ClassifyId))
                .logical_and(batch.Ids.ne(baseModel.Tokenizer.Vocabulary.SeparatorId));

        private EncodedBatch Rows(EncodedSplit split, int number, int epochs)
        {
            int perEpoch = (split.Count + options.BatchSize - 1) / options.BatchSize;
            return split.Select(BatchOrder.Epoch(split.Lengths, options.BatchSize, groupByLength: true, options.Seed,
                epochs + number / perEpoch)[number % perEpoch]);
        }

        /// <summary>Frees a batch that was made outside the step's dispose scope.</summary>
        private readonly struct EncodedBatchScope(EncodedBatch batch) : IDisposable
        {
            public void Dispose()
            {
                foreach (Tensor t in (Tensor[])[batch.Ids, batch.TypeIds, batch.Mask, batch.Labels]) t.Dispose();
            }
        }
    }
}
