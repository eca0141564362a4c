using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.Optimizers;
using AutoPeft.Peft.Tasks;

namespace AutoPeft.Peft.Training;

/// <summary>What came of training one plan.</summary>
/// <param name="Training">Course and result of the training.</param>
/// <param name="ExactParameters">Numbers trained, biases, reparameterisation and head included.</param>
/// <param name="PaperParameters">Numbers trained as papers count them: no biases, flat prefix, no head.</param>
/// <param name="Test">Evaluation on the test set with the best weights; null where it was not asked for.</param>
public sealed record PeftTrainingResult(FineTuningResult Training, long ExactParameters, long PaperParameters, SplitEvaluation? Test);

/// <summary>
/// Trains plans on one base model and one task. Base weights and encoded data are made once and shared by all trainings; each training gets
/// a copy of the model. One training at a time. Dispose to free the data; the base model remains the caller's.
/// </summary>
public sealed class PeftTrainer : IDisposable
{
    private readonly BaseModel _base;
    private readonly EncodedTask _encoded;

    /// <param name="baseModel">What is adapted.</param>
    /// <param name="task">What for.</param>
    /// <param name="options">How, where a plan's recipe does not say otherwise. Inputs are cut to the model's positions if these are
    /// fewer.</param>
    public PeftTrainer(BaseModel baseModel, TextTask task, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(baseModel);
        _base = baseModel;
        Options = options.Checked() with { MaxLength = Math.Min(options.MaxLength, baseModel.Config.MaxPositionEmbeddings) };
        _encoded = new EncodedTask(task, baseModel.Tokenizer, Options.MaxLength, baseModel.Device);
        // Reading the model and encoding the texts leave the most garbage that there will be; from here on memory is flat.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    /// <summary>Options of trainings for which neither the plan nor the caller says otherwise.</summary>
    public TrainingOptions Options { get; }

    /// <summary>Task that the trainer trains plans on.</summary>
    public TextTask Task => _encoded.Task;

    /// <summary>Shape of the base model: layers, widths, heads and vocabulary.</summary>
    public BertConfig Config => _base.Config;

    /// <summary>The peak learning rate that a plan is trained with.</summary>
    /// <param name="plan">What is trained.</param>
    /// <param name="options">Instead of <see cref="Options"/>.</param>
    public double RateOf(PeftPlan plan, TrainingOptions? options = null)
    {
        options ??= Options;
        return options.LearningRate ?? OptimizerChoice.Parse(options.Optimizer).DefaultRate
            ?? options.MethodLearningRates.For(plan, Config);
    }

    /// <summary>Trains a plan from the base model.</summary>
    /// <param name="plan">What is attached and trained.</param>
    /// <param name="seed">Of head, adapters, batches and dropout.</param>
    /// <param name="options">Instead of <see cref="Options"/>.</param>
    /// <param name="scoreTest">Whether the result is scored on the test set.</param>
    /// <param name="pretrained">False starts from an untrained encoder.</param>
    /// <param name="onEvaluation">Hears of every evaluation and may end the training.</param>
    /// <param name="onStep">Called after every update.</param>
    /// <param name="checkpoint">Where the training is kept while it runs, and goes on from; null keeps nothing.</param>
    /// <param name="onTrained">Hears the trained model with its best weights, before it is freed: to save or to ask it.</param>
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
        Action<BertForSequenceClassification>? onTrained = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        options = (options ?? Options) with { MaxLength = Options.MaxLength };
        using BertForSequenceClassification model = _base.Instantiate(Task.Outputs, seed, pretrained);
        PeftModel.Apply(model, plan, seed);
        using var training = new FineTuning(model, _encoded, options, RateOf(plan, options), seed);
        FineTuningResult result = checkpoint is null
            ? training.Run(onEvaluation, onStep, cancellationToken)
            : checkpoint.Run(training, onEvaluation, onStep, cancellationToken);
        SplitEvaluation? test =
            scoreTest ? SplitEvaluation.Of(model, Task, _encoded.Test, options.EvaluationBatchSize, cancellationToken) : null;
        onTrained?.Invoke(model);
        return new PeftTrainingResult(result, plan.ExactCount(Config, Task.Outputs), plan.PaperCount(Config), test);
    }

    /// <summary>What a model trained here is, for <see cref="AdapterFolder.Save"/>.</summary>
    /// <param name="plan">What was trained.</param>
    public AdapterDescription Describe(PeftPlan plan) =>
        new(plan, Task.Labels, Task.Outputs, Options.MaxLength, _base.Directory, _base.Checksum);

    /// <summary>Scores a saved adapter on this task without training it.</summary>
    /// <param name="directory">The adapter's folder, in AutoPEFT's format or in Hugging Face peft's.</param>
    /// <param name="scoreTest">Whether the test set is scored too.</param>
    /// <param name="onLoaded">Hears the adapted model and what its folder says in vain, before the model is freed.</param>
    /// <param name="own">The types of blocks of methods of one's own; null: none.</param>
    /// <param name="cancellationToken">Honoured between batches.</param>
    /// <returns>The scores on dev and, where asked for, on test.</returns>
    /// <exception cref="InvalidInputException">The folder holds no adapter, or one of another base model or task.</exception>
    public (SplitEvaluation Dev, SplitEvaluation? Test) Evaluate(
        string directory,
        bool scoreTest = false,
        Action<BertForSequenceClassification, LoadedAdapter>? onLoaded = null,
        IReadOnlyList<BlockType>? own = null,
        CancellationToken cancellationToken = default)
    {
        using BertForSequenceClassification model = _base.Instantiate(Task.Outputs, seed: 0);
        LoadedAdapter adapter = AdapterFolder.IsAt(directory) ? LoadOwn(model, directory, own) : HfAdapterFile.Load(model, directory);
        SplitEvaluation Of(EncodedSplit split) => SplitEvaluation.Of(model, Task, split, Options.EvaluationBatchSize, cancellationToken);
        SplitEvaluation dev = Of(_encoded.Dev);
        SplitEvaluation? test = scoreTest ? Of(_encoded.Test) : null;
        onLoaded?.Invoke(model, adapter);
        return (dev, test);
    }

    /// <summary>
    /// A model's answers to the task's unlabelled examples, in their order: classes or values. Empty where there are none.
    /// </summary>
    /// <param name="model">A model trained or loaded here.</param>
    /// <param name="cancellationToken">Honoured between batches.</param>
    public double[] Predict(BertForSequenceClassification model, CancellationToken cancellationToken = default) =>
        _encoded.Unlabelled is { } split ? SplitEvaluation.Predict(model, Task, split, Options.EvaluationBatchSize, cancellationToken) : [];

    private LoadedAdapter LoadOwn(BertForSequenceClassification model, string directory, IReadOnlyList<BlockType>? own)
    {
        AdapterDescription saved = AdapterFolder.Describe(directory, own);
        if (!saved.Labels.SequenceEqual(Task.Labels))
            throw new InvalidInputException(
                $"{directory}: the adapter answers with {Answers(saved.Labels)}, but the task's labels are {Answers(Task.Labels)}");
        if (saved.BaseChecksum is { } checksum && checksum != _base.Checksum)
            throw new InvalidInputException(
                $"{directory}: the adapter was trained on another base model ({saved.BaseSource ?? "unknown"}, checksum {checksum}); "
                + $"this one has {_base.Checksum}");
        AdapterFolder.Load(model, directory, own);
        string[] notes = saved.MaxLength == Options.MaxLength
            ? []
            : [$"the adapter was trained on inputs of at most {saved.MaxLength} tokens, and {Options.MaxLength} are read here"];
        return new LoadedAdapter(saved.Plan, notes);
    }

    private static string Answers(IReadOnlyList<string> labels) => labels.Count == 0 ? "numbers" : TextTask.Listed(labels);

    /// <inheritdoc/>
    public void Dispose() => _encoded.Dispose();
}
