using AutoPeft.Peft.SearchSpaces;
using AutoPeft.Peft.Training;
using AutoPeft.Studies;

namespace AutoPeft.Peft.LanguageModeling;

/// <summary>What the trials of a study that adapts a decoder to a text have in common.</summary>
public sealed record LanguageModelTrialOptions
{
    /// <summary>Folder of the base model: config.json, safetensors and, unless the model reads bytes, tokenizer.json.</summary>
    public required string ModelDirectory { get; init; }

    /// <summary>The text, whose end is held out (<see cref="LanguageModelingOptions.HeldOutShare"/>).</summary>
    public required string TextFile { get; init; }

    /// <summary>
    /// Tokens that every training reads, whatever its batch. Null, the default: as many as one pass over the text that is not held out.
    /// </summary>
    public long? Tokens { get; init; }

    /// <summary>Evaluations of a training, evenly spaced; a scheduler decides at each. Default 8.</summary>
    public int Evaluations { get; init; } = 8;

    /// <summary>
    /// How trials are trained where a configuration of <see cref="LlmLoraSpace"/> does not say otherwise. Default: sequences of 128 tokens,
    /// linear decay, no weight decay, as adapters are usually trained; evaluations read 16,384 tokens, for there are several.
    /// </summary>
    public LanguageModelingOptions Training { get; init; } = new()
    {
        SequenceLength = 128,
        Schedule = ScheduleKind.Linear,
        FinalShare = 0,
        WeightDecay = 0,
        HeldOutTokens = 16_384,
    };

    /// <summary>The objectives of such a study, in the order of a trial's values: nats a token, and numbers that are trained.</summary>
    public static IReadOnlyList<Objective> Objectives { get; } =
        [Objective.Minimize("held_out_loss"), Objective.Minimize("trainable_parameters")];
}
