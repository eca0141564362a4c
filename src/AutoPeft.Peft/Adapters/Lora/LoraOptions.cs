using AutoPeft.Peft.Models;

namespace AutoPeft.Peft.Adapters;

/// <summary>Settings of LoRA and of its variants.</summary>
public sealed record LoraOptions
{
    /// <summary>Rank r, at least 1. Default 8, the paper's for classification.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α; the update is scaled by α/r. Default null: α = r, a scale of 1, as the AutoPEFT baseline has it.</summary>
    public double? Alpha { get; init; }

    /// <summary>Dropout of the update's input, in [0, 1). Default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>The linear maps to adapt. Default query and value (Hu et al., 2022, section 7.1).</summary>
    public IReadOnlyList<SitePoint> Targets { get; init; } = [SitePoint.Query, SitePoint.Value];

    /// <summary>Layers to adapt; null: all.</summary>
    public IReadOnlyCollection<int>? Layers { get; init; }

    /// <summary>Scale by α/√r instead, so that large ranks keep learning (rsLoRA, Kalajdzievski, 2023). Default false.</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Train the norms of the weight's rows apart from their directions (DoRA, Liu et al., ICML 2024). Default false.</summary>
    public bool DecomposeWeight { get; init; }

    /// <summary>The factor that B·A is multiplied by: alpha/rank, or alpha/√rank where rank-stabilised.</summary>
    public double Scale => (Alpha ?? Rank) / (RankStabilised ? Math.Sqrt(Rank) : Rank);
}
