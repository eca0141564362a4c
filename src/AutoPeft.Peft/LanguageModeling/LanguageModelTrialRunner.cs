using System.Collections.Immutable;
using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Pretraining;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using TorchSharp;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>
/// Runs trials that adapt a decoder to a text by a configuration of <see cref="LlmLoraSpace"/>: objectives held-out loss and trainable
/// parameters. The text stays in memory from trial to trial; each trial reads the base model afresh. A training that diverges has an
/// infinite loss. One trial at a time; torch's generator is the process's own.
/// </summary>
/// <param name="options">What the trials have in common.</param>
public sealed class LanguageModelTrialRunner(LanguageModelTrialOptions options) : ITrialRunner
{
    private int[]? _tokens;

    /// <inheritdoc/>
    /// <remarks>A trial that was paused starts again and reports what lies beyond the pause: no optimiser state is kept.</remarks>
    public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => Run(trial, reporter, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    /// <summary>The base model with a configuration's adapter attached, trained; the caller's to dispose of.</summary>
    /// <param name="options">What is trained on what.</param>
    /// <param name="configuration">A configuration of <see cref="LlmLoraSpace"/>.</param>
    /// <param name="seed">Of the adapter's start, the order of the text and dropout.</param>
    /// <param name="device">Where, and on how many threads.</param>
    /// <param name="onEvaluation">Hears updates and held-out loss of each evaluation; false ends the training. Null: nobody.</param>
    /// <param name="progress">Hears about twice a second; null: nobody.</param>
    /// <param name="cancellationToken">Ends the training within an update.</param>
    /// <exception cref="InvalidInputException">Model, text or configuration cannot be used.</exception>
    public static (DecoderModel Model, PeftPlan Plan, LanguageModelingResult Result) Train(
        LanguageModelTrialOptions options, Configuration configuration, ulong seed, DeviceSlot device,
        Func<long, double?, bool>? onEvaluation = null, IProgress<PretrainingProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        Train(options, Read(options), configuration, seed, device, onEvaluation, progress, cancellationToken);

    private static (DecoderModel Model, PeftPlan Plan, LanguageModelingResult Result) Train(
        LanguageModelTrialOptions options, int[] tokens, Configuration configuration, ulong seed, DeviceSlot slot,
        Func<long, double?, bool>? onEvaluation, IProgress<PretrainingProgress>? progress, CancellationToken cancellationToken)
    {
        DecoderModel model = DecoderModel.Load(options.ModelDirectory);
        try
        {
            model.to(PeftTrialRunner.DeviceOf(slot));
            PeftPlan plan = LlmLoraSpace.ToPlan(configuration, model.Config);
            PeftModel.Apply(model, plan, seed);
            LanguageModelingOptions training = LlmLoraSpace.ToOptions(configuration, options.Training);
            int length = training.SequenceLength ?? model.Config.MaxPositionEmbeddings;
            double read = options.Tokens ?? tokens.Length * (1 - training.HeldOutShare);
            int steps = (int)Math.Clamp(Math.Round(read / ((double)training.BatchSize * length)), 1, int.MaxValue);
            training = training with
            {
                Steps = steps,
                EvaluateEverySteps = (steps + options.Evaluations - 1) / options.Evaluations,
                Seed = seed,
                Threads = slot.Threads,
            };
            LanguageModelingResult result = CausalLanguageModeling.Train(
                model, tokens, training, LlmLoraSpace.ToFactors(configuration), onEvaluation, progress, cancellationToken);
            return (model, plan, result);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Refuses what no trial could be trained on.</summary>
    /// <exception cref="InvalidInputException">The text is absent, or too short for a sequence; or there are no tokens to read.</exception>
    internal static void Check(LanguageModelTrialOptions options, DecoderConfig config)
    {
        if (options.Evaluations < 1)
            throw new InvalidInputException($"trainings of {options.Evaluations} evaluations have no result; ask for at least 1");
        if (options.Tokens is < 1) throw new InvalidInputException($"trainings of {options.Tokens} tokens learn nothing; read at least 1");
        LanguageModelingOptions training = options.Training.Checked();
        TokenBlocks.Split(Read(options), training.SequenceLength ?? config.MaxPositionEmbeddings, training.HeldOutShare);
    }

    private static int[] Read(LanguageModelTrialOptions options)
    {
        DecoderConfig config = DecoderConfig.Read(options.ModelDirectory);
        return TextCodec.Load(options.ModelDirectory, config).Encode(InputFile.ReadText(options.TextFile, InputFile.MostOfData));
    }

    private TrialOutcome Run(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
    {
        _tokens ??= Read(options);
        int evaluations = 0;
        bool stopped = false;
        (DecoderModel model, PeftPlan _, LanguageModelingResult result) = Train(
            options, _tokens, trial.Configuration, trial.Seed, trial.Device,
            (_, loss) =>
            {
                evaluations++;
                if (evaluations <= trial.ResumeFrom || loss is not { } heldOut) return true;
                var metrics = new Dictionary<string, double> { [LanguageModelTrialOptions.Objectives[0].Name] = heldOut };
                Decision decision = reporter.ReportAsync(evaluations, metrics, cancellationToken).AsTask().GetAwaiter().GetResult();
                stopped = decision is Decision.Stop or Decision.Pause;
                return !stopped;
            },
            new Beats(reporter), cancellationToken);
        using (model)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (stopped) throw new TrialStoppedException(evaluations);
            long trained = PeftModel.TrainableParameters(model).Sum(p => p.Parameter.numel());
            return new TrialOutcome([result.HeldOutLoss ?? double.PositiveInfinity, trained], [],
                ImmutableSortedDictionary.CreateRange(new Dictionary<string, double>
                {
                    ["train_loss"] = result.TrainLoss,
                    ["steps"] = result.Steps,
                    ["tokens"] = result.Tokens,
                    ["train_seconds"] = result.Seconds,
                }));
        }
    }

    private sealed class Beats(ITrialReporter reporter) : IProgress<PretrainingProgress>
    {
        public void Report(PretrainingProgress value) => reporter.Heartbeat();
    }
}
