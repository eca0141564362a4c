using AutoPeft.Peft.Adapters.AutoPeft;
using AutoPeft.Peft.Adapters.BitFit;
using AutoPeft.Peft.Adapters.Bottleneck;
using AutoPeft.Peft.Adapters.FullFineTuning;
using AutoPeft.Peft.Adapters.HuggingFace;
using AutoPeft.Peft.Adapters.Ia3;
using AutoPeft.Peft.Adapters.Lora;
using AutoPeft.Peft.Adapters.Prefix;
using AutoPeft.Peft.Adapters.Prompt;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// What the house knows of one method: the names of its plans, the types of its blocks in files, its layout in Hugging Face peft's files.
/// A method is a folder with one of these, and one line in <see cref="All"/>.
/// </summary>
internal abstract class PeftMethod
{
    /// <summary>Every method.</summary>
    public static IReadOnlyList<PeftMethod> All { get; } =
    [
        new FullMethod(),
        new HeadMethod(),
        new BitFitMethod(),
        new Ia3Method(),
        new BottleneckMethod(),
        new PrefixMethod(),
        new PromptMethod(),
        new MamMethod(),
        new LoraMethod(),
    ];

    /// <summary>The words that a plan's name can begin with.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>Names that the method understands, for messages.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    /// <summary>Names that the method understands of a decoder, for messages.</summary>
    public virtual IReadOnlyList<string> DecoderExamples => [];

    /// <summary>The types of its blocks in a file.</summary>
    public virtual IReadOnlyList<BlockType> Blocks => [];

    /// <summary>Its layout in Hugging Face peft's files; null: they cannot hold it.</summary>
    public virtual HfFamily? HuggingFace => null;

    /// <summary>The plan of an encoder that words stand for.</summary>
    /// <exception cref="InvalidInputException">They say nothing known, or do not fit the model.</exception>
    public abstract PeftPlan Plan(PlanWords words, BertConfig config);

    /// <summary>The plan of a decoder that words stand for; null: decoders do not take the method.</summary>
    /// <exception cref="InvalidInputException">They say nothing known, or do not fit the model.</exception>
    public virtual PeftPlan? Plan(PlanWords words, DecoderConfig config) => null;
}
