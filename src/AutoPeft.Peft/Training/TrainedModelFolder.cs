using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Training;

/// <summary>The forms in which a trained model can be taken home.</summary>
public enum SaveFormat
{
    /// <summary>AutoPEFT's own folder, which holds any plan: see <see cref="AdapterFolder"/>.</summary>
    Autopeft,

    /// <summary>Hugging Face peft's adapter folder: see <see cref="HfAdapterFile"/>.</summary>
    Peft,

    /// <summary>A whole checkpoint with the adapters worked into its weights, which transformers loads.</summary>
    Merged,
}

/// <summary>Writes a trained model in one of the forms of <see cref="SaveFormat"/>.</summary>
public static class TrainedModelFolder
{
    /// <summary>Refuses a plan that a form cannot hold; to be asked before anything is trained.</summary>
    /// <param name="plan">What will be trained.</param>
    /// <param name="config">The base model's shape.</param>
    /// <param name="format">The form.</param>
    /// <exception cref="InvalidInputException">One line that says why, and what can hold the plan.</exception>
    public static void Require(PeftPlan plan, BertConfig config, SaveFormat format)
    {
        switch (format)
        {
            case SaveFormat.Peft:
                HfAdapterFile.Require(plan, config);
                break;
            case SaveFormat.Merged when plan.Blocks.FirstOrDefault(b => !b.Site.IsLinear) is { } block:
                throw new InvalidInputException(
                    $"'{plan.Name}' cannot be merged: '{block.Name}' at {block.Site} is no change of a weight. "
                        + "LoRA, DoRA and (IA)³ can be; --format autopeft holds any plan");
        }
    }

    /// <summary>Writes a trained model to a folder, in the form that is asked for.</summary>
    /// <param name="model">The trained model with its plan attached; merged afterwards in the form of that name.</param>
    /// <param name="description">What was trained.</param>
    /// <param name="baseModel">What it was trained on.</param>
    /// <param name="directory">The folder; created where absent.</param>
    /// <param name="format">The form.</param>
    /// <exception cref="InvalidInputException">The form cannot hold the plan, or a file cannot be written.</exception>
    public static void Save(
        BertForSequenceClassification model, AdapterDescription description, BaseModel baseModel, string directory, SaveFormat format)
    {
        switch (format)
        {
            case SaveFormat.Autopeft:
                AdapterFolder.Save(model, description, directory);
                break;
            case SaveFormat.Peft:
                HfAdapterFile.Save(model, description.Plan, directory, description.BaseSource);
                break;
            default:
                PeftModel.Merge(model);
                Checkpoint.Save(model, baseModel.Config, directory);
                baseModel.Tokenizer.Save(directory);
                break;
        }
    }
}
