namespace AutoPeft.Samplers;

/// <summary>Samplers by the names that people type.</summary>
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
    ];

    /// <summary>The names, "auto" first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Name)];

    /// <summary>A sampler with its default options.</summary>
    /// <exception cref="InvalidInputException">There is none of this name; the message lists those there are.</exception>
    public static ISampler Create(string name)
    {
        foreach ((string known, Func<ISampler> make) in Known)
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase)) return make();
        throw new InvalidInputException($"There is no sampler '{name}'; there are {string.Join(", ", Names)}.");
    }
}
