using AutoPeft.Samplers.Transfer;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Earlier sweeps that a new one starts from; what is taken from them goes into the new study's definition.</summary>
internal static class EarlierStudies
{
    /// <summary>The definition with these earlier sweeps, and one line for each on what maps.</summary>
    /// <exception cref="InvalidInputException">A directory has no study, or nothing of it maps.</exception>
    public static async Task<(StudyDefinition Definition, IReadOnlyList<string> Mapped)> AddAsync(StudyDefinition definition,
        IEnumerable<string> directories, bool asPrior, int best, CancellationToken cancellationToken)
    {
        var studies = new List<EarlierStudy>();
        var lines = new List<string>();
        foreach (string directory in directories)
        {
            await using SweepFolder folder = await SweepFolder.OpenAsync(directory, toRun: false, cancellationToken).ConfigureAwait(false);
            studies.Add(CarriedStudy.Of(folder.Log.Study, definition, out StudyMapping mapping));
            lines.Add(mapping.Describe(directory));
        }
        if (asPrior && definition.Sampler is not ("auto" or "gp" or "transfer"))
            throw new InvalidInputException($"--from-as prior brings its own sampler; it takes no --sampler {definition.Sampler}.");
        StudyDefinition with = (asPrior ? WithSampler(definition) : definition) with { Earlier = [.. studies] };
        if (!asPrior)
            with = (SweepProblem.Of(with) with { EarlierBest = Math.Min(best, definition.Budget ?? best) }).In(with);
        return (with, lines);
    }

    /// <summary>What runs before any sampler is asked.</summary>
    /// <param name="definition">The study.</param>
    /// <param name="best">How many of the earlier studies' best run first; null where they are a prior.</param>
    public static IReadOnlyList<Configuration> Enqueue(StudyDefinition definition, int? best) =>
        best is { } count ? WarmStart.Best(definition.Earlier, count) : [];

    private static StudyDefinition WithSampler(StudyDefinition definition) => definition with { Sampler = "transfer" };
}
