using AutoPeft.Catalogs;
using AutoPeft.MLNet;
using AutoPeft.Samplers;

namespace AutoPeft.Cli.Sweeps;

/// <summary>Every sampler that the command knows: the library's, and ML.NET's where this build has it.</summary>
internal static class SamplerNames
{
    /// <summary>A sampler with the options that were typed, by default its own.</summary>
    /// <exception cref="InvalidInputException">There is none of this name; or it is ML.NET's, and this build is without.</exception>
    public static ISampler Create(string name)
    {
        if (MLNetSamplers.Knows(name)) return MLNetSamplers.Create(name);
        if (SamplerCatalog.Names.Contains(name.Split(':')[0].Trim(), StringComparer.OrdinalIgnoreCase)) return SamplerCatalog.Create(name);
        IEnumerable<string> names = MLNetSamplers.IsAvailable ? SamplerCatalog.Names.Concat(MLNetSamplers.Names) : SamplerCatalog.Names;
        throw new InvalidInputException($"There is no sampler '{name}'; there are {string.Join(", ", names)}.");
    }
}
