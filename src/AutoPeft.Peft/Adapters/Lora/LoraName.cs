using System.Globalization;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters.Lora;

/// <summary>
/// The names of LoRA's plans: <c>lora</c> or <c>dora</c> with any of <c>rN</c> (rank), <c>aN</c> (alpha), <c>dX</c> (dropout), <c>rs</c>
/// (rank-stabilised) and letters for targets.
/// </summary>
internal static class LoraName
{
    /// <summary>The methods' words.</summary>
    public const string Lora = "lora", Dora = "dora";

    private static readonly (char Letter, SitePoint Point)[] Targets =
    [
        ('q', SitePoint.Query), ('k', SitePoint.Key), ('v', SitePoint.Value),
        ('o', SitePoint.AttentionOutput), ('i', SitePoint.Intermediate), ('f', SitePoint.FeedForwardOutput),
        ('g', SitePoint.Gate),
    ];

    /// <summary>The name of a setting.</summary>
    public static string Of(LoraOptions options)
    {
        var name = $"{(options.DecomposeWeight ? Dora : Lora)} r{options.Rank}";
        if (options.Alpha is { } alpha && alpha != options.Rank) name += string.Create(CultureInfo.InvariantCulture, $" a{alpha}");
        if (options.Dropout > 0) name += string.Create(CultureInfo.InvariantCulture, $" d{options.Dropout}");
        if (options.RankStabilised) name += " rs";
        return name + " " + string.Concat(Targets.Where(t => options.Targets.Contains(t.Point)).Select(t => t.Letter));
    }

    /// <summary>The setting of a name.</summary>
    /// <exception cref="InvalidInputException">A word says nothing known.</exception>
    public static LoraOptions Parse(PlanWords words)
    {
        var options = new LoraOptions { DecomposeWeight = words.Method == Dora };
        foreach (var word in words.Settings)
        {
            if (word == "rs") options = options with { RankStabilised = true };
            else if (word.Length > 1 && "rad".Contains(word[0]) && char.IsAsciiDigit(word[1]))
            {
                var number = words.Number(word[1..]);
                options = word[0] switch
                {
                    'r' => number == Math.Floor(number) && number <= int.MaxValue
                        ? options with { Rank = (int)number }
                        : throw new InvalidInputException($"'{words.Text}': a rank is a whole number"),
                    'a' => options with { Alpha = number },
                    _ => options with { Dropout = number },
                };
            }
            else options = options with { Targets = TargetsOf(word) };
        }
        return options;
    }

    private static IReadOnlyList<SitePoint> TargetsOf(string letters) =>
    [
        .. letters.Select(letter => Targets.Any(t => t.Letter == letter)
            ? Targets.First(t => t.Letter == letter).Point
            : throw new InvalidInputException($"'{letter}' in '{letters}' is no target; "
                + "targets are q, k, v, o (attention output), i (intermediate), f (feed-forward output), g (gate)")),
    ];
}
