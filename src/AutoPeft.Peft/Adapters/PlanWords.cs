using System.Globalization;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>The words of one method in a plan's name, as <c>serial 48/768</c>.</summary>
/// <param name="text">The method with its settings.</param>
internal sealed class PlanWords(string text)
{
    private readonly string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>What was said, for messages.</summary>
    public string Text => text;

    /// <summary>The method's word; empty where nothing was said.</summary>
    public string Method => words.Length == 0 ? "" : words[0];

    /// <summary>The words behind the method's.</summary>
    public IReadOnlyList<string> Settings { get => field ??= words.Length == 0 ? [] : words[1..]; }

    /// <summary>Refuses more words than a method has.</summary>
    /// <exception cref="InvalidInputException">There are more.</exception>
    public void RequireSettings(int atMost)
    {
        if (Settings.Count > atMost) throw new InvalidInputException($"'{text}': '{words[^1]}' is one word too many");
    }

    /// <summary>A size, which may be a fraction of the model's width.</summary>
    /// <param name="index">Which of the settings.</param>
    /// <param name="config">The model's shape.</param>
    /// <exception cref="InvalidInputException">There is no such word, or it is no size.</exception>
    public int Size(int index, BertConfig config)
    {
        var word = Settings.Count > index ? Settings[index] : throw Unknown();
        var parts = word.Split('/');
        if (parts.Length > 2) throw Unknown();
        var size = Number(parts[0]);
        if (parts.Length == 2)
        {
            var of = Number(parts[1]);
            return of > 0 ? Scaled(size, of, config) : throw Unknown();
        }
        return size == Math.Floor(size) && size <= int.MaxValue
            ? (int)size
            : throw new InvalidInputException($"'{text}': {word} is not a whole number");
    }

    /// <summary>The same fraction of this model's width, at least 1.</summary>
    public static int Scaled(double size, double of, BertConfig config) =>
        Math.Max(1, (int)Math.Round(size / of * config.HiddenSize, MidpointRounding.AwayFromZero));

    /// <summary>A decimal number.</summary>
    /// <exception cref="InvalidInputException">The word is none.</exception>
    public double Number(string word) =>
        double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new InvalidInputException($"'{text}': '{word}' is not a number");

    /// <summary>A refusal of words that say nothing known.</summary>
    public InvalidInputException Unknown() =>
        new($"'{text}' is no known method; examples: {string.Join(", ", PeftMethod.All.SelectMany(m => m.Examples))}");

    /// <summary>A refusal of words that say nothing that decoders know.</summary>
    public InvalidInputException UnknownOfDecoders() =>
        new($"'{text}' is no known method of decoders; examples: "
            + string.Join(", ", PeftMethod.All.SelectMany(m => m.DecoderExamples)));
}
