using AutoPeft.Population;
using AutoPeft.Samplers;

namespace AutoPeft.Catalogs;

/// <summary>
/// Samplers by the names that people type; population-based training takes options behind a colon, as in
/// <c>pbt:population=8,interval=1</c>.
/// </summary>
public static class SamplerCatalog
{
    private static readonly (string Name, Func<ISampler> Make)[] Known =
    [
        ("auto", () => new AutoSampler()),
        ("gp", () => new GaussianProcessSampler()),
        ("tpe", () => new TpeSampler()),
        ("bohb", () => new BohbSampler()),
        ("dehb", () => new DehbSampler()),
        ("nsga2", () => new NsgaIISampler()),
        ("cmaes", () => new CmaEsSampler()),
        ("evolution", () => new RegularizedEvolutionSampler()),
        ("mcts", () => new TreeSearchSampler()),
        ("cfo", () => new CostFrugalSampler()),
        ("random", () => new RandomSampler()),
        ("sobol", () => new SobolSampler()),
        ("grid", () => new GridSampler()),
        ("transfer", () => new TransferSampler()),
        (PopulationSampler.Id, () => new PopulationSampler()),
        (PopulationSampler.BanditId, () => new PopulationSampler(bandit: true)),
    ];

    /// <summary>Names of the samplers that a person can choose, "auto" first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Name)];

    /// <summary>A sampler with the options that were typed, by default its own.</summary>
    /// <exception cref="InvalidInputException">There is none of this name, and the message lists those there are; or an option is unknown
    /// or makes no sense.</exception>
    public static ISampler Create(string name)
    {
        if (PopulationPairing.Options(name) is { } options) return new PopulationSampler(options, PopulationPairing.IsBandit(name));
        foreach ((string known, Func<ISampler> make) in Known)
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase)) return make();
        throw new InvalidInputException($"There is no sampler '{name}'; there are {string.Join(", ", Names)}.");
    }
}
