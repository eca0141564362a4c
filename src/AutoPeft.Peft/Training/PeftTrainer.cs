using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Tasks;

namespace AutoPeft.Peft.Training;

/// <summary>What came of training one plan.</summary>
/// <param name="Training">The course of it.</param>
/// <param name="ExactParameters">Numbers trained, biases, reparameterisation and head included.</param>
/// <param name="PaperParameters">As papers count them: no biases, flat prefix, no head.</param>
/// <param name="Test">On the test set with the best weights; null where it was not asked for.</param>
public sealed record PeftTrainingResult(FineTuningResult Training, long ExactParameters, long PaperParameters, SplitEvaluation? Test);

/// <summary>
/// Trains plans on one base model and one task. Base weights and encoded data are made once and shared by all trainings; each training gets a copy of the model. One training
/// at a time. Dispose to free the data; the base model remains the caller's.
/// </summary>
public sealed class PeftTrainer : IDisposable
{
    private readonly BaseModel _base;
    private readonly EncodedTask _encoded;

    /// <param name="baseModel">What is adapted.</param>
    /// <param name="task">What for.</param>
    /// <param name="options">How, where a plan's recipe does not say otherwise. Inputs are cut to the model's positions if these are fewer.</param>
    public PeftTrainer(BaseModel baseModel, TextTask task, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(baseModel);
        _base = baseModel;
        Options = options.Checked() with { MaxLength = Math.Min(options.MaxLength, baseModel.Config.MaxPositionEmbeddings) };
        _encoded = new EncodedTask(task, baseModel.Tokenizer, Options.MaxLength, baseModel.Device);
        // Reading the model and encoding the texts leave the most garbage that there will be; from here on memory is flat.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    /// <summary>How trainings run by default.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The task.</summary>
    public TextTask Task => _encoded.Task;

    /// <summary>The base model's shape.</summary>
    public BertConfig Config => _base.Config;

    /// <summary>Trains a plan from the base model.</summary>
    /// <param name="plan">What is attached and trained.</param>
    /// <param name="seed">Of head, adapters, batches and dropout.</param>
    /// <param name="options">Instead of <see cref="Options"/>.</param>
    /// <param name="scoreTest">Whether the result is scored on the test set.</param>
    /// <param name="pretrained">False starts from an untrained encoder.</param>
    /// <param name="onEvaluation">Hears of every evaluation and may end the training.</param>
    /// <param name="onStep">Called after every update.</param>
    /// <param name="checkpoint">Where the training is kept while it runs, and goes on from; null keeps nothing.</param>
    /// <param name="cancellationToken">Honoured within a step.</param>
    /// <exception cref="InvalidInputException">The plan does not fit the model.</exception>
    public PeftTrainingResult Train(
        PeftPlan plan,
        ulong seed,
        TrainingOptions? options = null,
        bool scoreTest = false,
        bool pretrained = true,
        Func<EvaluationReport, TrainingDecision>? onEvaluation = null,
        Action? onStep = null,
        TrainingCheckpoint? checkpoint = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        options = (options ?? Options) with { MaxLength = Options.MaxLength };
        using BertForSequenceClassification model = _base.Instantiate(Task.Outputs, seed, pretrained);
        PeftModel.Apply(model, plan, seed);
        using var training = new FineTuning(model, _encoded, options, options.LearningRate ?? options.MethodLearningRates.For(plan), seed);
        FineTuningResult result = checkpoint is null ? training.Run(onEvaluation, onStep, cancellationToken) : checkpoint.Run(training, onEvaluation, onStep, cancellationToken);
        SplitEvaluation? test = scoreTest ? SplitEvaluation.Of(model, Task, _encoded.Test, options.EvaluationBatchSize, cancellationToken) : null;
        return new PeftTrainingResult(result, plan.ExactCount(Config, Task.Outputs), plan.PaperCount(Config), test);
    }

    /// <inheritdoc/>
    public void Dispose() => _encoded.Dispose();
}
