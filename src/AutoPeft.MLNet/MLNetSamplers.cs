using AutoPeft.Samplers;

namespace AutoPeft.MLNet;

/// <summary>
/// ML.NET's tuners as samplers, by the names that people type. Compiled in every build, so that one without ML.NET can say so.
/// </summary>
public static class MLNetSamplers
{
    /// <summary>"mlnet-cfo" (cost-frugal optimisation) and "mlnet-smac".</summary>
    public static IReadOnlyList<string> Names { get; } = ["mlnet-cfo", "mlnet-smac"];

    /// <summary>Whether this build has ML.NET: Microsoft.ML.AutoML was in the package cache when it was made.</summary>
    public static bool IsAvailable =>
#if MLNET
        true;
#else
        false;
#endif

    /// <summary>Whether <paramref name="name"/> is one of <see cref="Names"/>, in any case of letters.</summary>
    public static bool Knows(string name) => Names.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>A sampler with its default options.</summary>
    /// <exception cref="InvalidInputException">There is none of this name, or this build is without ML.NET.</exception>
    public static ISampler Create(string name)
    {
        if (!Knows(name)) throw new InvalidInputException($"ML.NET has no sampler '{name}'; there are {string.Join(" and ", Names)}.");
#if MLNET
        return name.Equals(Names[0], StringComparison.OrdinalIgnoreCase)
            ? new Samplers.MLNetCostFrugalSampler()
            : new Samplers.MLNetSmacSampler();
#else
        throw new InvalidInputException($"The sampler '{name}' is ML.NET's, and this build is without it: the package Microsoft.ML.AutoML "
            + $"was not restored. Use cfo, tpe or auto, or build where a package feed has it.");
#endif
    }
}
