using AutoPeft.Catalogs;
using AutoPeft.Population;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>What a problem offers to population-based training.</summary>
/// <param name="Mutable">Parameters that can change while a model trains: a checkpoint fits whatever they are.</param>
/// <param name="LastStep">The step at which its trials end by themselves; null where that is not known.</param>
internal sealed record PopulationSupport(IReadOnlyList<string> Mutable, long? LastStep);

/// <summary>A sweep by population-based training, completed by what the problem knows.</summary>
internal static class PopulationSweep
{
    /// <summary>Sampler and scheduler that go together; in lockstep, a population whose comparisons wait for everybody.</summary>
    public static SweepArguments Pair(SweepArguments a)
    {
        (string sampler, string scheduler) = PopulationPairing.Pair(a.Sampler, a.Scheduler);
        if (PopulationPairing.Options(sampler) is { } options && a.Lockstep is not null)
            return Pair(a with
            {
                Lockstep = null,
                Sampler = (options with { Synchronous = true })
                    .ToText(PopulationPairing.IsBandit(sampler) ? PopulationSampler.BanditId : PopulationSampler.Id),
                Scheduler = "none",
            });
        return a with { Sampler = sampler, Scheduler = scheduler };
    }

    /// <summary>The study with what a population may change and where its trials end.</summary>
    /// <exception cref="InvalidInputException">The problem's trials cannot go on from each other's checkpoints, or not with what is to
    /// change; or the budget has no trial for a successor.</exception>
    public static StudyDefinition Complete(StudyDefinition d, SweepProblem problem)
    {
        if (PopulationPairing.Options(d.Sampler) is not { } options)
            return SchedulerCatalog.Create(d.Scheduler) is PopulationScheduler
                ? throw new InvalidInputException($"'{d.Name}' is a list of runs; it takes no population-based training.")
                : d;
        string typed = d.Sampler.Split(':')[0];
        PopulationSupport support = problem.Population()
            ?? throw new InvalidInputException(
                $"--sampler {typed}: the trials of '{d.Name}' keep no checkpoints that others could go on from; choose another sampler.");
        string can = string.Join(", ", support.Mutable);
        if (support.Mutable.Count == 0)
            throw new InvalidInputException($"--sampler {typed}: nothing of this space can change while a model trains; the spaces lora "
                + $"and recipe have parameters that can.");
        foreach (string name in options.Explore)
        {
            if (!d.Space.Contains(name))
                throw new InvalidInputException(
                    $"--sampler {typed}: explore={name}: the space has no parameter '{name}'; {can} can change while a model trains.");
            if (!support.Mutable.Contains(name))
                throw new InvalidInputException($"--sampler {typed}: explore={name}: a checkpoint does not fit another '{name}'; {can} can "
                    + $"change while a model trains.");
        }
        if (d.Budget <= options.Population)
            throw new InvalidInputException($"--trials {d.Budget} leaves nobody to take a place in a population of {options.Population}; "
                + $"raise it, or set population=.");
        return PopulationPairing.With(d,
            (options with
            {
                Explore = options.Explore.IsEmpty ? [.. support.Mutable] : options.Explore,
                Max = options.Max ?? support.LastStep,
            }).Checked());
    }
}
