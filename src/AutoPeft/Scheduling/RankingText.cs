using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>What a scheduler ranks by, as people type it.</summary>
internal static class RankingText
{
    /// <summary>Reads the options <c>metric</c>, <c>direction</c> and <c>value</c>.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="value">best or last, where nobody says.</param>
    /// <exception cref="InvalidInputException">An option has another value, or there is a direction without a metric.</exception>
    public static RankingMeasure Measure(this OptionText text, string value = "best")
    {
        string? metric = text.Text("metric");
        string direction = text.Choice("direction", "", "minimize", "maximize");
        if (direction.Length > 0 && metric is null)
            throw new InvalidInputException($"{text}: 'direction' says which way the metric of 'metric' is better; name that too.");
        return new RankingMeasure
        {
            Metrics = metric is null ? [] : [.. metric.Split('+', StringSplitOptions.TrimEntries)],
            Direction = direction switch { "minimize" => Direction.Minimize, "maximize" => Direction.Maximize, _ => null },
            BestSoFar = text.Choice("value", value, "best", "last") == "best",
        };
    }
}
