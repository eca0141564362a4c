using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>
/// A transfer study (Yang et al., arXiv 2203.03466, section 6): does the best learning rate stay where it is while something grows? Every
/// training is one point of a grid, which <c>autopeft mup sweep</c> runs whole. The grid is what was typed, which no attribute could hold.
/// </summary>
/// <param name="Parametrizations">Names of parametrisations.</param>
/// <param name="Sizes">Widths, depths, batches or numbers of tokens, increasing.</param>
/// <param name="Rates">The base's learning rates, before a tensor's factor, increasing.</param>
/// <param name="Seeds">How many seeds of weights and of the order of the text, from 0.</param>
/// <param name="Training">What all trainings share: a journal of other trainings is refused.</param>
internal sealed record MupTransfer(
    IReadOnlyList<string> Parametrizations, IReadOnlyList<int> Sizes, IReadOnlyList<double> Rates, int Seeds, string Training)
{
    /// <summary>
    /// Parameters <c>parametrization</c>, <c>size</c>, <c>learning_rate</c>, <c>seed</c> and <c>training</c>, which has one value.
    /// </summary>
    public SearchSpace Space { get; } = SearchSpace.Build(space => space
        .Categorical("parametrization", Parametrizations)
        .Ordinal("size", Sizes.Select(s => (double)s))
        .Ordinal("learning_rate", Rates)
        .Ordinal("seed", Enumerable.Range(0, Seeds).Select(s => (double)s))
        .Categorical("training", [Training]), "transfer");

    /// <summary>All points, small sizes first, the seeds of one training beside each other.</summary>
    public IEnumerable<Configuration> Points() =>
        from size in Sizes
        from rate in Rates
        from name in Parametrizations
        from seed in Enumerable.Range(0, Seeds)
        select Space.FromValues(new Dictionary<string, object?>
        {
            ["parametrization"] = name,
            ["size"] = (double)size,
            ["learning_rate"] = rate,
            ["seed"] = (double)seed,
            ["training"] = Training,
        });

    /// <summary>What a point says.</summary>
    public static (string Parametrization, int Size, double LearningRate, int Seed) Read(Configuration point) =>
        (point.GetString("parametrization"), (int)point.GetDouble("size"), point.GetDouble("learning_rate"), (int)point.GetDouble("seed"));
}
