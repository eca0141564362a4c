using AutoPeft.Spaces;

namespace AutoPeft.Peft.SearchSpaces;

/// <summary>
/// A transfer study (Yang et al., arXiv 2203.03466, section 6): does the best learning rate stay where it is while something grows? Every
/// training is one point of a grid, which <c>autopeft mup sweep</c> runs whole.
/// </summary>
internal static class MupTransfer
{
    /// <summary>
    /// Parameters <c>parametrization</c>, <c>size</c> (a width, depth, batch or number of tokens), <c>learning_rate</c> (the base's,
    /// before a tensor's factor), <c>seed</c> (of weights and of the order of the text) and <c>training</c>, which has one value: what all
    /// trainings share, so that a journal of other trainings is refused.
    /// </summary>
    public static SearchSpace For(
        IReadOnlyList<string> parametrizations, IReadOnlyList<int> sizes, IReadOnlyList<double> rates, int seeds, string training) =>
        SearchSpace.Build(space => space
            .Categorical("parametrization", parametrizations)
            .Ordinal("size", sizes.Select(s => (double)s))
            .Ordinal("learning_rate", rates)
            .Ordinal("seed", Enumerable.Range(0, seeds).Select(s => (double)s))
            .Categorical("training", [training]), "transfer");

    /// <summary>All points, small sizes first, the seeds of one training beside each other.</summary>
    public static IEnumerable<Configuration> Points(
        SearchSpace space, IReadOnlyList<string> parametrizations, IReadOnlyList<int> sizes, IReadOnlyList<double> rates, int seeds,
        string training)
    {
        foreach (int size in sizes)
            foreach (double rate in rates)
                foreach (string name in parametrizations)
                    for (int seed = 0; seed < seeds; seed++)
                        yield return space.FromValues(new Dictionary<string, object?>
                        {
                            ["parametrization"] = name,
                            ["size"] = (double)size,
                            ["learning_rate"] = rate,
                            ["seed"] = (double)seed,
                            ["training"] = training,
                        });
    }
}
