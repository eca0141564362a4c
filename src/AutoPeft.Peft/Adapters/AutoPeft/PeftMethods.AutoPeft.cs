using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

public static partial class PeftMethods
{
    /// <summary>MAM's sizes in AutoPEFT, for a width of 768.</summary>
    internal const int MamPrefix = 30, MamParallel = 384;

    /// <summary>MAM adapter: a prefix and parallel adapters (He et al., ICLR 2022), with AutoPEFT's sizes by default.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="prefix">Virtual positions. Default 30 of 768.</param>
    /// <param name="parallel">Bottleneck width. Default 384 of 768.</param>
    public static PeftPlan Mam(BertConfig config, int prefix = MamPrefix, int parallel = MamParallel) =>
        Prefix(config, prefix).With(Parallel(config, parallel)) with { Name = $"mam {prefix}+{parallel}" };

    /// <summary>AutoPEFT's combination: serial, parallel and prefix on the same layers, each left out at size 0.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="serial">Serial bottleneck width.</param>
    /// <param name="parallel">Parallel bottleneck width.</param>
    /// <param name="prefix">Virtual positions.</param>
    /// <param name="layers">Layers that are on.</param>
    /// <exception cref="InvalidInputException">All layers or all modules are off.</exception>
    public static PeftPlan AutoPeft(BertConfig config, int serial, int parallel, int prefix, IReadOnlyCollection<int> layers)
    {
        if (layers.Count == 0) throw new InvalidInputException("an AutoPEFT configuration needs at least one layer that is on");
        var modules = new List<PeftPlan>();
        if (serial > 0) modules.Add(Serial(config, serial, layers));
        if (parallel > 0) modules.Add(Parallel(config, parallel, layers));
        if (prefix > 0) modules.Add(Prefix(config, prefix, layers));
        if (modules.Count == 0)
            throw new InvalidInputException("an AutoPEFT configuration needs a serial, parallel or prefix size above 0");
        return modules[0].With([.. modules.Skip(1)]) with { Name = $"autopeft s{serial} p{parallel} x{prefix} on {layers.Count} layers" };
    }
}
