using System.Globalization;
using AutoPeft.Samplers.Transfer;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Earlier sweeps that a new one starts from; what is taken from them goes into the new study's definition.</summary>
internal static class EarlierStudies
{
    /// <summary>How many of the earlier studies' best run first; absent where they are a prior.</summary>
    private const string BestSetting = "earlier_best";

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
            studies.Add(EarlierStudy.Of(folder.Log.Study, definition, out StudyMapping mapping));
            lines.Add(mapping.Describe(directory));
        }
        if (asPrior && definition.Sampler is not ("auto" or "gp" or "transfer"))
            throw new InvalidInputException($"--from-as prior brings its own sampler; it takes no --sampler {definition.Sampler}.");
        StudyDefinition with = EarlierJson.Write(asPrior ? WithSampler(definition) : definition, studies);
        if (!asPrior)
            with = with with
            {
                Settings =
                with.Settings.SetItem(BestSetting, Math.Min(best, definition.Budget ?? best).ToString(CultureInfo.InvariantCulture))
            };
        return (with, lines);
    }

    /// <summary>What runs before any sampler is asked.</summary>
    public static IReadOnlyList<Configuration> Enqueue(StudyDefinition definition) =>
        definition.Settings.TryGetValue(BestSetting, out string? best)
            ? WarmStart.Best(EarlierJson.Read(definition), int.Parse(best, CultureInfo.InvariantCulture))
            : [];

    private static StudyDefinition WithSampler(StudyDefinition definition) => definition with { Sampler = "transfer" };
}
