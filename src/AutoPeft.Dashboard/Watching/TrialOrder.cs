using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Watching;

/// <summary>Which trials the table shows and in which order.</summary>
/// <param name="Sort">"number", "state", "seconds", "started", "finished", or "value:I" for objective I.</param>
/// <param name="Down">Largest first.</param>
/// <param name="Only">"all", a state in lower case, or "front".</param>
internal sealed record TrialOrder(string Sort, bool Down, string Only)
{
    /// <summary>Numbers of the trials, in order. What has no value comes last either way.</summary>
    /// <exception cref="InvalidInputException">There is no such order or filter.</exception>
    public int[] Of(IStudyView study, IReadOnlyList<int> front)
    {
        int[] numbers = Only switch
        {
            "all" => [.. Enumerable.Range(0, study.Trials.Count)],
            "front" => [.. front.Order()],
            _ when !int.TryParse(Only, out _) && Enum.TryParse(Only, ignoreCase: true, out TrialState state) =>
                [.. study.Trials.Where(t => t.State == state).Select(t => t.Number)],
            _ => throw new InvalidInputException(
                "There is no such filter; there are all, front, waiting, running, completed, failed, pruned and paused."),
        };
        if (Sort == "number")
        {
            if (Down) Array.Reverse(numbers);
            return numbers;
        }
        Func<Trial, double> key = Key(study.Definition);
        double[] keys = [.. numbers.Select(n => key(study.Trials[n]))];
        if (Down)
            for (int i = 0; i < keys.Length; i++) keys[i] = -keys[i];
        // NaN, which means no value, would sort first.
        for (int i = 0; i < keys.Length; i++)
            if (double.IsNaN(keys[i])) keys[i] = double.PositiveInfinity;
        // By number where equal: a page that is fetched later continues the one before.
        int[] order = [.. Enumerable.Range(0, numbers.Length)];
        Array.Sort(order, (a, b) => keys[a].CompareTo(keys[b]) is not 0 and var c ? c : numbers[a].CompareTo(numbers[b]));
        return [.. order.Select(i => numbers[i])];
    }

    private Func<Trial, double> Key(StudyDefinition d)
    {
        if (Sort.StartsWith("value:", StringComparison.Ordinal) && int.TryParse(Sort.AsSpan(6), out int i) && i >= 0
            && i < d.Objectives.Length) return t => t.Values.IsEmpty ? double.NaN : t.Values[i];
        return Sort switch
        {
            "state" => t => (int)t.State,
            "seconds" => t => t.Seconds ?? double.NaN,
            "started" => t => t.StartedAt?.ToUnixTimeMilliseconds() ?? double.NaN,
            "finished" => t => t.FinishedAt?.ToUnixTimeMilliseconds() ?? double.NaN,
            _ => throw new InvalidInputException(
                "There is no such order; there are number, state, seconds, started, finished and value:0, value:1, …"),
        };
    }
}
