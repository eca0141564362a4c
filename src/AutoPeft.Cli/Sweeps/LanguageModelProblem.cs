using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.LanguageModeling;
using AutoPeft.Peft.Models;
using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Tokenizers;
using AutoPeft.Peft.Training;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary><c>llm-lora</c>: adapters of a decoder, trained to continue a text: held-out loss against trainable parameters.</summary>
internal sealed record LanguageModelProblem : SweepProblem
{
    /// <summary>Folder of the base model.</summary>
    public required string Model { get; init; }

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>Tokens that each training reads; null: one pass over the text.</summary>
    public long? Tokens { get; init; }

    /// <summary>How trials are trained where a configuration does not say otherwise.</summary>
    public required LanguageModelingOptions Training { get; init; }

    /// <exception cref="InvalidInputException">An option is missing or does not go with the space.</exception>
    public static new LanguageModelProblem From(SweepArguments a)
    {
        if (a.Task is not null || a.Tasks.Count > 0) throw new InvalidInputException($"{a.Space} learns from --text; it takes no --task.");
        string model = a.Model
            ?? throw new InvalidInputException(
                $"{a.Space}: --model is missing: the folder of a decoder (`autopeft language-model` makes one).");
        string text = a.Text ?? throw new InvalidInputException($"{a.Space}: --text is missing, the file to learn from.");
        return new LanguageModelProblem
        {
            Model = Path.GetFullPath(model),
            Text = Path.GetFullPath(text),
            Tokens = a.Tokens,
            Training = new LanguageModelTrialOptions { ModelDirectory = "", TextFile = "" }.Training with
            {
                SequenceLength = a.Training.MaxLength,
            },
        };
    }

    /// <summary>What the trials have in common.</summary>
    public LanguageModelTrialOptions Options() =>
        new() { ModelDirectory = Model, TextFile = Text, Tokens = Tokens, Training = Training };

    public override ITrialRunner CreateRunner(StudyDefinition definition, DeviceSlot device) => new LanguageModelTrialRunner(Options());

    public override double Export(
        IStudyView study, Trial trial, SaveFormat? format, string folder, DeviceSlot device, CancellationToken cancellationToken)
    {
        LanguageModelTrialOptions options = Options();
        DecoderConfig config = DecoderConfig.Read(Model);
        if (format is SaveFormat.Autopeft)
            throw new InvalidInputException("--format autopeft is for encoders; a decoder's adapter is kept as peft or merged.");
        HfAdapterFile.Require(LlmLoraSpace.ToPlan(trial.Configuration, config), config);
        (DecoderModel model, PeftPlan plan, LanguageModelingResult result) = LanguageModelTrialRunner.Train(
            options, trial.Configuration, StudySession.TrainingSeed(study, trial), device, cancellationToken: cancellationToken);
        using (model)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (format is SaveFormat.Merged)
            {
                PeftModel.Merge(model);
                model.Save(folder);
                string tokenizer = Path.Combine(Model, TokenizerFile.FileName);
                if (File.Exists(tokenizer)) File.Copy(tokenizer, Path.Combine(folder, TokenizerFile.FileName), overwrite: true);
            }
            else HfAdapterFile.Save(model, plan, folder, Model);
            return result.HeldOutLoss ?? double.PositiveInfinity;
        }
    }

    protected override StudyDefinition Declare(SweepArguments a)
    {
        LanguageModelTrialOptions options = Options();
        // Everything that can be wrong is found here, before a directory is made: the model, its tokenizer, the text and its length.
        using DecoderModel model = DecoderModel.Load(Model);
        LanguageModelTrialRunner.Check(options, model.Config);
        IReadOnlyList<Objective> objectives =
        [
            // What knows nothing: every token alike.
            LanguageModelTrialOptions.Objectives[0] with { Reference = Math.Log(model.Config.VocabSize) },
            LanguageModelTrialOptions.Objectives[1] with
            {
                Reference = DecoderTensors.Of(model.Config).Sum(t => t.Count),
                Log = true,
                Formula = LlmLoraSpace.Count(model.Config),
            },
        ];
        return new StudyDefinition(LlmLoraSpace.For(model.Config), objectives)
        {
            Name = $"{LlmLoraSpace.Name}-{Path.GetFileNameWithoutExtension(Text)}",
        };
    }
}
