using System.Diagnostics;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>
/// Trains decoders to predict the next token of a text, from fresh weights or from a checkpoint, whole or by an attached adapter: what
/// is trained are the parameters that require a gradient.
/// </summary>
/// <remarks>
/// Packed sequences, AdamW or another optimiser with warm-up, gradient clipping and accumulation, z-loss, weight decay with or without the
/// learning rate, averaged weights. A training is a function of the model's weights, text, options and factors: equal ones give equal
/// results on one machine with one thread.
/// </remarks>
public static class CausalLanguageModeling
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A file's bytes as tokens, ids 0 to 255: any text, with no vocabulary to learn.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidInputException">The file is absent, empty, or cannot be read.</exception>
    public static int[] ReadBytes(string file)
    {
        InputFile.Check(file, InputFile.MostOfData);
        try
        {
            byte[] bytes = File.ReadAllBytes(file);
            if (bytes.Length == 0) throw new InvalidInputException($"{file}: no text to learn from");
            return Array.ConvertAll(bytes, b => (int)b);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Trains a decoder on text in place, on the calling thread and on the model's device.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text as ids of the model's vocabulary; its end is held out.</param>
    /// <param name="options">How.</param>
    /// <param name="factors">What a parametrisation prescribes for a tensor, by its name; null: nothing.</param>
    /// <param name="onEvaluation">
    /// Hears each evaluation: updates made and held-out loss; false ends the training there. Null: nobody.
    /// </param>
    /// <param name="progress">Hears about twice a second.</param>
    /// <param name="cancellationToken">Ends the training within a step; what was trained stays in the model.</param>
    /// <exception cref="InvalidInputException">
    /// An option cannot be used, or the text is too short or holds ids that the model lacks.
    /// </exception>
    public static LanguageModelingResult Train(
        DecoderModel model,
        int[] tokens,
        LanguageModelingOptions options,
        Func<string, UpdateFactors>? factors = null,
        Func<long, double?, bool>? onEvaluation = null,
        IProgress<PretrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options.Checked();
        int length = options.SequenceLength ?? model.Config.MaxPositionEmbeddings;
        if (model.Config.IsGpt2 && length > model.Config.MaxPositionEmbeddings)
            throw new InvalidInputException(
                $"sequences of {length} tokens are longer than the model's {model.Config.MaxPositionEmbeddings} positions");
        RequireIds(tokens, model.Config.VocabSize);
        var (train, heldOut) = TokenBlocks.Split(tokens, length, options.HeldOutShare);
        ThreadCount.Set(options.Threads, "language modelling option threads");
        // Dropout draws from torch's own generator.
        using (manual_seed((long)(options.Seed >> 1))) { }
        using var run = new Run(model, train, heldOut, options, factors);
        return run.ToEnd(onEvaluation, progress, cancellationToken);
    }

    private static void RequireIds(int[] tokens, int vocabulary)
    {
        for (int i = 0; i < tokens.Length; i++)
            if ((uint)tokens[i] >= (uint)vocabulary)
                throw new InvalidInputException($"token {i} of the text has the id {tokens[i]}; "
                    + $"the model's vocabulary ends at {vocabulary - 1}");
    }

    /// <summary>One training.</summary>
    private sealed class Run : IDisposable
    {
        private readonly DecoderModel _model;
        private readonly TokenBlocks _train;
        private readonly TokenBlocks? _heldOut;
        private readonly LanguageModelingOptions _options;
        private readonly IOptimizer _optimizer;
        private readonly ScheduleKind _schedule;
        private readonly double _peak;
        private readonly WeightAverage? _average;
        private readonly ScalarType? _products;
        private readonly List<double> _losses = [];
        private readonly List<(long, double, double?)> _curve = [];

        public Run(
            DecoderModel model, TokenBlocks train, TokenBlocks? heldOut,
            LanguageModelingOptions options, Func<string, UpdateFactors>? factors)
        {
            (_model, _train, _heldOut, _options) = (model, train, heldOut, options);
            _products = model.ProductType;
            IReadOnlyList<(string Name, Parameter Parameter)> trained = PeftModel.TrainableParameters(model);
            OptimizerChoice choice = OptimizerChoice.Parse(options.Optimizer);
            _optimizer = choice.Create(trained, options.Updates, options.Decoupled(factors));
            _peak = options.PeakRate;
            _schedule = choice.WantsConstantRate ? ScheduleKind.Constant : options.Schedule;
            if (options.EmaDecay > 0) _average = new WeightAverage(trained.Select(p => p.Parameter), options.EmaDecay);
        }

        public LanguageModelingResult ToEnd(
            Func<long, double?, bool>? onEvaluation, IProgress<PretrainingProgress>? progress, CancellationToken cancellationToken)
        {
            var watch = Stopwatch.StartNew();
            TimeSpan reported = TimeSpan.Zero;
            ScheduleShape shape = _options.Shape(_train.Length);
            long warmup = (long)Math.Ceiling(_options.Warmup * _options.Steps);
            bool diverged = false, stopped = false;
            _model.train();
            if (_options.BFloat16) _model.ProductType = ScalarType.BFloat16;
            using IEnumerator<int> starts = _train.Starts(_options.Seed).GetEnumerator();
            while (_losses.Count < _options.Steps && !stopped && !cancellationToken.IsCancellationRequested)
            {
                double share = LearningRateSchedule.Factor(_schedule, _losses.Count, _options.Steps, warmup, shape);
                double loss = Backward(starts);
                diverged = !double.IsFinite(loss) || !double.IsFinite(_optimizer.Step(_peak * share, loss));
                if (diverged) break;
                _losses.Add(loss);
                _average?.Update();
                if (_options.EvaluateEverySteps is { } every && _losses.Count % every == 0 && _losses.Count < _options.Steps)
                {
                    _optimizer.ForEvaluation();
                    double? heldOut = Evaluate();
                    _optimizer.ForTraining();
                    stopped = onEvaluation?.Invoke(_losses.Count, heldOut) is false;
                }
                if (progress is null || watch.Elapsed - reported < ReportEvery) continue;
                reported = watch.Elapsed;
                progress.Report(Progress(watch.Elapsed));
            }
            foreach (var (_, parameter) in PeftModel.TrainableParameters(_model)) parameter.grad = null!;
            _optimizer.ForEvaluation();
            return End(diverged, watch.Elapsed, onEvaluation, cancellationToken);
        }

        public void Dispose()
        {
            _model.ProductType = _products;
            _optimizer.Dispose();
            _average?.Dispose();
        }

        private long TokensRead => (long)_losses.Count * _options.BatchSize * _train.Length;

        private double Backward(IEnumerator<int> starts)
        {
            int rows = _options.BatchSize / _options.AccumulationSteps;
            double sum = 0;
            for (int pass = 0; pass < _options.AccumulationSteps; pass++)
            {
                int[] places = new int[rows];
                for (int i = 0; i < rows; i++)
                {
                    starts.MoveNext();
                    places[i] = starts.Current;
                }
                using var scope = NewDisposeScope();
                var (inputs, targets) = _train.Read(places, _model.HeadWeight.device);
                var (loss, minimised) = CausalLoss.Of(_model.forward(inputs), targets, _options.ZLoss);
                (_options.AccumulationSteps == 1 ? minimised : minimised / _options.AccumulationSteps).backward();
                sum += loss.ToDouble();
            }
            return sum / _options.AccumulationSteps;
        }

        /// <summary>Notes a point of the curve.</summary>
        /// <returns>The held-out loss.</returns>
        private double? Evaluate()
        {
            double? heldOut = HeldOutLoss(CancellationToken.None);
            int since = (int)(_curve.Count == 0 ? 0 : _curve[^1].Item1);
            _curve.Add((_losses.Count, _losses.Skip(since).DefaultIfEmpty(double.NaN).Average(), heldOut));
            return heldOut;
        }

        private double? HeldOutLoss(CancellationToken cancellationToken) => _heldOut is null
            ? null
            : CausalLoss.Mean(
                _model, _heldOut, _options.HeldOutTokens, _options.BatchSize / _options.AccumulationSteps, cancellationToken);

        private LanguageModelingResult End(
            bool diverged, TimeSpan elapsed, Func<long, double?, bool>? onEvaluation, CancellationToken cancellationToken)
        {
            double? heldOut = null, averaged = null;
            if (diverged)
            {
                heldOut = _heldOut is null ? null : double.PositiveInfinity;
                _curve.Add((_losses.Count, double.PositiveInfinity, heldOut));
            }
            else if (!cancellationToken.IsCancellationRequested)
            {
                // Whoever stopped the training has just heard of this point.
                bool heard = _curve.Count > 0 && _curve[^1].Item1 == _losses.Count;
                heldOut = heard ? _curve[^1].Item3 : Evaluate();
                if (!heard) onEvaluation?.Invoke(_losses.Count, heldOut);
                _average?.CopyToParameters();
                if (_average is not null) averaged = HeldOutLoss(cancellationToken);
            }
            int last = Math.Clamp(_losses.Count / 10, 1, 100);
            return new LanguageModelingResult
            {
                Steps = _losses.Count,
                Tokens = TokensRead,
                TrainLoss = _losses.TakeLast(last).DefaultIfEmpty(double.NaN).Average(),
                HeldOutLoss = heldOut,
                AveragedHeldOutLoss = averaged,
                Diverged = diverged,
                Interrupted = cancellationToken.IsCancellationRequested,
                Seconds = elapsed.TotalSeconds,
                Curve = _curve,
            };
        }

        private PretrainingProgress Progress(TimeSpan elapsed)
        {
            double share = (double)_losses.Count / _options.Steps;
            return new PretrainingProgress(
                _losses.Count, _losses.TakeLast(100).Average(), TokensRead / elapsed.TotalSeconds, share,
                elapsed * ((1 - share) / share));
        }
    }
}
