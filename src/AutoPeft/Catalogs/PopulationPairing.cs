using AutoPeft.Population;
using AutoPeft.Studies;

namespace AutoPeft.Catalogs;

/// <summary>
/// Population-based training is a sampler (who comes) and a scheduler (who leaves) with the same options. People type either, <c>--sampler
/// pb2:population=4</c> or <c>--scheduler pbt:population=4</c>; this finds the other.
/// </summary>
internal static class PopulationPairing
{
    /// <summary>The options of a sampler as typed; null where it is another sampler.</summary>
    /// <exception cref="InvalidInputException">An option is unknown or makes no sense.</exception>
    public static PopulationOptions? Options(string sampler)
    {
        if (!IsPopulation(NameOf(sampler))) return null;
        var text = new OptionText(sampler, "Sampler");
        return text.Done(PopulationOptions.Read(text));
    }

    /// <summary>Whether a sampler as typed is PB2.</summary>
    public static bool IsBandit(string sampler) => Is(NameOf(sampler), PopulationSampler.BanditId);

    /// <summary>Sampler and scheduler of a study from what was typed of them.</summary>
    /// <exception cref="InvalidInputException">They do not go together, or an option makes no sense.</exception>
    public static (string Sampler, string Scheduler) Pair(string sampler, string scheduler)
    {
        PopulationOptions? of = Options(sampler);
        PopulationOptions? by = (SchedulerCatalog.Create(scheduler) as PopulationScheduler)?.Options;
        if (of is null && by is null) return (sampler, scheduler);
        if (of is null && sampler != "auto")
            throw new InvalidInputException($"Scheduler '{scheduler}' goes with sampler {PopulationSampler.Id} or "
                + $"{PopulationSampler.BanditId}, not with {sampler}, which would not go on from anybody's checkpoint.");
        if (by is null && scheduler != "none")
            throw new InvalidInputException(
                $"Sampler '{sampler}' goes with scheduler {PopulationScheduler.Id}, which it brings along, not with {scheduler}.");
        // Options may stand on one side; on both they have to be the same.
        if (of is not null && by is not null && NameOf(sampler) != sampler && NameOf(scheduler) != scheduler
            && of.ToText("") != by.ToText(""))
            throw new InvalidInputException($"Sampler '{sampler}' and scheduler '{scheduler}' have different options; give them once.");
        PopulationOptions options = of is null || NameOf(sampler) == sampler && by is not null ? by! : of;
        return (options.ToText(IsBandit(sampler) ? PopulationSampler.BanditId : PopulationSampler.Id),
            options.ToText(PopulationScheduler.Id));
    }

    /// <summary>The same study with other options of its population.</summary>
    public static StudyDefinition With(StudyDefinition definition, PopulationOptions options) => definition with
    {
        Sampler = options.ToText(IsBandit(definition.Sampler) ? PopulationSampler.BanditId : PopulationSampler.Id),
        Scheduler = options.ToText(PopulationScheduler.Id),
    };

    private static string NameOf(string text) => text.Split(':', 2)[0].Trim();

    private static bool IsPopulation(string name) => Is(name, PopulationSampler.Id) || Is(name, PopulationSampler.BanditId);

    private static bool Is(string name, string id) => name.Equals(id, StringComparison.OrdinalIgnoreCase);
}
