using AutoPeft.Peft.Adapters;
using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Training;

/// <summary>
/// The fixed methods that a search has to beat: those of AutoPEFT's tables, sizes at the same share of the model's width.
/// </summary>
internal static class Baselines
{
    /// <summary>Their names, as <see cref="PeftPlan.FromName(string, Models.BertConfig)"/> reads them.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["full", "head", "lora r8 qv", "serial 48/768", "prefix 10", "parallel 384/768", "mam"];

    /// <summary>Their plans for a model.</summary>
    public static IReadOnlyList<PeftPlan> For(BertConfig config) => [.. Names.Select(name => PeftPlan.FromName(name, config))];
}
