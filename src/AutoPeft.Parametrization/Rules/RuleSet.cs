using System.Globalization;

namespace AutoPeft.Parametrization;

/// <summary>A parametrisation's table with its constants.</summary>
/// <param name="Kind">The table.</param>
/// <param name="Alpha">Exponent of the residual branches, where the table has a rule for depth.</param>
/// <param name="Training">Growth of batch and tokens; none under all tables but Complete(d)P's.</param>
internal sealed record RuleSet(ParametrizationKind Kind, double Alpha, TrainingGrowth Training)
{
    /// <summary>The name that reports give the parametrisation.</summary>
    public string Name => Kind switch
    {
        ParametrizationKind.Standard => "standard",
        ParametrizationKind.NeuralTangent => "neural tangent",
        ParametrizationKind.MuP => "muP",
        ParametrizationKind.UnitMuP => "u-muP",
        ParametrizationKind.CompletedP => Alpha == 1 ? "Complete(d)P" : WithAlpha("Complete(d)P"),
        _ => Alpha == 1 ? "CompleteP" : WithAlpha("depth-muP"),
    };

    /// <summary>Whether residual branches are multiplied by r^−α; these tables are for Adam and AdamW alone.</summary>
    public bool ScalesBranches => Kind is ParametrizationKind.CompleteP or ParametrizationKind.CompletedP or ParametrizationKind.UnitMuP;

    /// <summary>Whether attention logits are divided by d instead of √d.</summary>
    public bool DividesLogits => Kind is not (ParametrizationKind.Standard or ParametrizationKind.NeuralTangent);

    private string WithAlpha(string name) => string.Create(CultureInfo.InvariantCulture, $"{name} (alpha {Alpha:0.###})");
}
