using System.Globalization;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// Plans by name. A name is one or more methods joined by <c>+</c>:
/// <c>full</c>, <c>head</c>, <c>bitfit</c>, <c>ia3</c>, <c>serial N</c>, <c>parallel N</c>, <c>prefix N [flat]</c>, <c>prompt N</c>,
/// <c>mam [N M]</c>, <c>lora</c> or <c>dora</c> with any of <c>rN</c> (rank), <c>aN</c> (alpha), <c>dX</c> (dropout), <c>rs</c>
/// (rank-stabilised) and letters for targets: q, k, v, o (attention output), i (intermediate), f (feed-forward output), and in
/// decoders of LLaMA's family g (gate). Decoders take <c>full</c>, <c>bitfit</c>, <c>ia3</c>, <c>lora</c> and <c>dora</c>.
/// A size <c>48/768</c> is that fraction of the model's width, at least 1.
/// </summary>
public static class PlanName
{
    private const string Examples =
        "full, head, bitfit, ia3, serial 48, parallel 384, prefix 10, prefix 10 flat, prompt 20, mam, lora r8 qv, dora r8 a16 qkvo";
    private static readonly (char Letter, SitePoint Point)[] Targets =
    [
        ('q', SitePoint.Query), ('k', SitePoint.Key), ('v', SitePoint.Value),
        ('o', SitePoint.AttentionOutput), ('i', SitePoint.Intermediate), ('f', SitePoint.FeedForwardOutput),
        ('g', SitePoint.Gate),
    ];

    /// <summary>The plan that a name stands for.</summary>
    /// <exception cref="InvalidInputException">The name says nothing known, or does not fit the model.</exception>
    public static PeftPlan Parse(string name, BertConfig config)
    {
        var plans = name.Split('+', StringSplitOptions.TrimEntries).Select(part => One(part, config)).ToList();
        return plans.Count == 1 ? plans[0] : plans[0].With([.. plans.Skip(1)]);
    }

    /// <summary>The plan of a decoder that a name stands for.</summary>
    /// <exception cref="InvalidInputException">The name says nothing known, or does not fit the model.</exception>
    public static PeftPlan Parse(string name, DecoderConfig config)
    {
        var plans = name.Split('+', StringSplitOptions.TrimEntries).Select(part => One(part, config)).ToList();
        return plans.Count == 1 ? plans[0] : plans[0].With([.. plans.Skip(1)]);
    }

    /// <summary>The name of a LoRA setting.</summary>
    public static string Of(LoraOptions options)
    {
        var name = $"{(options.DecomposeWeight ? "dora" : "lora")} r{options.Rank}";
        if (options.Alpha is { } alpha && alpha != options.Rank) name += string.Create(CultureInfo.InvariantCulture, $" a{alpha}");
        if (options.Dropout > 0) name += string.Create(CultureInfo.InvariantCulture, $" d{options.Dropout}");
        if (options.RankStabilised) name += " rs";
        return name + " " + LettersOf(options.Targets);
    }

    /// <summary>Targets as letters: query and value are "qv".</summary>
    public static string LettersOf(IEnumerable<SitePoint> targets) =>
        string.Concat(Targets.Where(t => targets.Contains(t.Point)).Select(t => t.Letter));

    /// <summary>Targets from letters.</summary>
    /// <exception cref="InvalidInputException">A letter stands for nothing.</exception>
    public static IReadOnlyList<SitePoint> TargetsOf(string letters) =>
    [
        .. letters.Select(letter => Targets.Any(t => t.Letter == letter)
            ? Targets.First(t => t.Letter == letter).Point
            : throw new InvalidInputException($"'{letter}' in '{letters}' is no target; "
                + "targets are q, k, v, o (attention output), i (intermediate), f (feed-forward output), g (gate)")),
    ];

    private static PeftPlan One(string text, BertConfig config)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        int Size(int index) => words.Length > index ? SizeOf(words[index], config, text) : throw Unknown(text);
        InvalidInputException TooMany() => new($"'{text}': '{words[^1]}' is one word too many");
        PeftPlan Checked(int atMost, PeftPlan plan) => words.Length <= atMost ? plan : throw TooMany();

        return words.FirstOrDefault() switch
        {
            "full" => Checked(1, PeftMethods.Full()),
            "head" => Checked(1, PeftMethods.HeadOnly()),
            "bitfit" => Checked(1, PeftMethods.BitFit()),
            "ia3" => Checked(1, PeftMethods.Ia3(config)),
            "serial" => Checked(2, PeftMethods.Serial(config, Size(1))),
            "parallel" => Checked(2, PeftMethods.Parallel(config, Size(1))),
            "prefix" when words.Length > 2 && words[2] == "flat" => Checked(3, PeftMethods.Prefix(config, Size(1), bottleneck: 0)),
            "prefix" => Checked(2, PeftMethods.Prefix(config, Size(1))),
            "prompt" => Checked(2, PeftMethods.Prompt(config, Size(1))),
            "mam" when words.Length == 1 => PeftMethods.Mam(config, Scaled(30, 768, config), Scaled(384, 768, config)),
            "mam" => Checked(3, PeftMethods.Mam(config, Size(1), Size(2))),
            "lora" or "dora" => PeftMethods.Lora(config, LoraOptionsOf(words, text)),
            _ => throw Unknown(text),
        };
    }

    private static PeftPlan One(string text, DecoderConfig config)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words switch
        {
            ["full"] => PeftMethods.Full() with { Head = HeadTraining.Frozen },
            ["bitfit"] => PeftMethods.BitFit() with { Head = HeadTraining.Frozen },
            ["ia3"] => PeftMethods.Ia3(config),
            ["lora" or "dora", ..] => PeftMethods.Lora(config, LoraOptionsOf(words, text)),
            _ => throw new InvalidInputException($"'{text}' is no known method of decoders; "
                + "examples: full, bitfit, ia3, lora r8 qv, dora r8 a16 qkvogif"),
        };
    }

    private static LoraOptions LoraOptionsOf(string[] words, string text)
    {
        var options = new LoraOptions { DecomposeWeight = words[0] == "dora" };
        foreach (var word in words.Skip(1))
        {
            if (word == "rs") options = options with { RankStabilised = true };
            else if (word.Length > 1 && "rad".Contains(word[0]) && char.IsAsciiDigit(word[1]))
            {
                var number = Number(word[1..], text);
                options = word[0] switch
                {
                    'r' => number == Math.Floor(number) && number <= int.MaxValue
                        ? options with { Rank = (int)number }
                        : throw new InvalidInputException($"'{text}': a rank is a whole number"),
                    'a' => options with { Alpha = number },
                    _ => options with { Dropout = number },
                };
            }
            else options = options with { Targets = TargetsOf(word) };
        }
        return options;
    }

    private static int SizeOf(string word, BertConfig config, string text)
    {
        var parts = word.Split('/');
        if (parts.Length > 2) throw Unknown(text);
        var size = Number(parts[0], text);
        if (parts.Length == 2)
        {
            var of = Number(parts[1], text);
            return of > 0 ? Scaled(size, of, config) : throw Unknown(text);
        }
        return size == Math.Floor(size) && size <= int.MaxValue
            ? (int)size
            : throw new InvalidInputException($"'{text}': {word} is not a whole number");
    }

    /// <summary>The same fraction of this model's width, at least 1.</summary>
    private static int Scaled(double size, double of, BertConfig config) =>
        Math.Max(1, (int)Math.Round(size / of * config.HiddenSize, MidpointRounding.AwayFromZero));

    private static double Number(string word, string text) =>
        double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new InvalidInputException($"'{text}': '{word}' is not a number");

    private static InvalidInputException Unknown(string text) => new($"'{text}' is no known method; examples: {Examples}");
}
