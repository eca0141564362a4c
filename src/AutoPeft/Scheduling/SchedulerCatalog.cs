namespace AutoPeft.Scheduling;

/// <summary>Schedulers by the names that people type: a name, then options as in <c>asha:metric=score,direction=maximize,eta=3</c>.</summary>
public static class SchedulerCatalog
{
    /// <summary>Makes the scheduler that <paramref name="text"/> says.</summary>
    /// <exception cref="InvalidInputException">There is none of that name, or an option is unknown or makes no sense.</exception>
    public static IScheduler Create(string text) => text switch
    {
        "none" => new RunToEnd(),
        _ => throw new InvalidInputException($"There is no scheduler '{text}'; there is none."),
    };
}
