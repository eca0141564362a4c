using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoPeft.Cli.Laws;

/// <summary>What a law may cost: a time, which is measured out in this machine's own speed, or FLOP.</summary>
/// <param name="Time">Time of all workers; null: FLOP count.</param>
/// <param name="Flop">FLOP of all runs; null: time counts.</param>
internal sealed partial record LawBudget(TimeSpan? Time, double? Flop)
{
    /// <summary>Reads "60m", "90s", "2h" or "1e14".</summary>
    /// <exception cref="InvalidInputException">The text says another thing.</exception>
    public static LawBudget Parse(string text)
    {
        Match match = Shape().Match(text.Trim());
        if (match.Success && double.TryParse(match.Groups[1].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && value > 0 && double.IsFinite(value))
        {
            double? seconds = match.Groups[2].Value switch { "s" => 1, "m" or "min" => 60, "h" => 3600, _ => null };
            if (seconds is null) return new LawBudget(null, value);
            if (value * seconds <= TimeSpan.FromDays(365).TotalSeconds)
                return new LawBudget(TimeSpan.FromSeconds(value * seconds.Value), null);
        }
        throw new InvalidInputException($"--budget {text}: a time such as 60m, 90s or 2h, or a number of FLOP such as 1e14 is expected");
    }

    /// <inheritdoc/>
    public override string ToString() => Time is { } t
        ? string.Create(CultureInfo.InvariantCulture, $"{t.TotalMinutes:0.##} min")
        : string.Create(CultureInfo.InvariantCulture, $"{Flop:G3} FLOP");

    [GeneratedRegex(@"^([\d.]+(?:[eE]\+?\d+)?)\s*(s|min|m|h|)$")]
    private static partial Regex Shape();
}
