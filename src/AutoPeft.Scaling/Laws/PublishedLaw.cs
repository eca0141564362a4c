namespace AutoPeft.Scaling.Laws;

/// <summary>What a law for the optimal learning rate and batch size is asked about.</summary>
/// <param name="Params">N, parameters (non-embedding; total for mixtures of experts).</param>
/// <param name="Tokens">Training tokens D of the run that is asked about.</param>
/// <param name="Loss">The loss that the run will reach, where known: OpenAI's and MiniCPM's batch sizes depend on it.</param>
/// <param name="ModelScale">DeepSeek's M, non-embedding FLOP per token; null takes 6·N.</param>
public readonly record struct LawQuery(double Params, double Tokens, double? Loss = null, double? ModelScale = null)
{
    /// <summary>Training compute C = M·D in FLOP, with M = 6·N where no model scale is stated.</summary>
    public double Compute => (ModelScale ?? 6 * Params) * Tokens;
}

/// <summary>A published law for the optimal learning rate and batch size.</summary>
/// <param name="Key">Short name, as in machine-readable output.</param>
/// <param name="Name">The law's name as tables and figures show it.</param>
/// <param name="LearningRateFormula">The learning rate's formula in words, with its units.</param>
/// <param name="BatchFormula">The batch size's formula in words, with its units.</param>
/// <param name="Source">Paper or code that the law was published in.</param>
/// <param name="LearningRate">Peak learning rate; null where the law states none (or lacks what it needs).</param>
/// <param name="BatchTokens">Batch size in tokens; null where the law states none (or lacks what it needs).</param>
public sealed record PublishedLaw(
    string Key, string Name, string LearningRateFormula, string BatchFormula, string Source,
    Func<LawQuery, double?> LearningRate, Func<LawQuery, double?> BatchTokens)
{
    /// <summary>Step Law (Li et al. 2025).</summary>
    public static readonly PublishedLaw StepLaw = new("step-law", "Step Law", "1.79·N^−0.713·D^0.307", "0.58·D^0.571 tokens",
        "Li et al., Predictable Scale: Part I, arXiv:2503.04715; N non-embedding parameters, D tokens",
        q => 1.79 * Math.Pow(q.Params, -0.713) * Math.Pow(q.Tokens, 0.307), q => 0.58 * Math.Pow(q.Tokens, 0.571));

    /// <summary>DeepSeek LLM (2024), in compute.</summary>
    public static readonly PublishedLaw DeepSeek = new("deepseek", "DeepSeek LLM", "0.3118·C^−0.125", "0.2920·C^0.3271 tokens",
        "Bi et al., DeepSeek LLM, arXiv:2401.02954; C = M·D FLOP, M non-embedding FLOP per token (6·N + 12·layers·width·sequence)",
        q => 0.3118 * Math.Pow(q.Compute, -0.125), q => 0.2920 * Math.Pow(q.Compute, 0.3271));

    /// <summary>Porian et al. (2024), in model size.</summary>
    public static readonly PublishedLaw Porian = new("porian", "Porian et al.", "3.7·N^−0.36", "0.7576·N^0.703 tokens",
        "Porian et al., Resolving Discrepancies in Compute-Optimal Scaling, arXiv:2406.19146, as restated by the Step Law authors",
        q => 3.7 * Math.Pow(q.Params, -0.36), q => 0.7576 * Math.Pow(q.Params, 0.703));

    /// <summary>OpenAI (Kaplan et al. 2020). The learning-rate line turns negative near N = 1.2e10.</summary>
    public static readonly PublishedLaw OpenAI = new(
        "openai", "OpenAI (Kaplan et al.)", "3.239e-3 − 1.395e-4·ln N", "2e8·L^−4.7619 tokens",
        "Kaplan et al., Scaling Laws for Neural Language Models, arXiv:2001.08361, eqs. D.1 and 5.3; L loss in nats, N non-embedding "
            + "parameters",
        q => 3.239e-3 - 1.395e-4 * Math.Log(q.Params) is > 0 and var lr ? lr : null,
        q => q.Loss is { } l ? 2e8 * Math.Pow(l, -1 / 0.21) : null);

    /// <summary>MiniCPM (2024): a batch size from the loss; its constant learning rate holds under its own parametrisation only.</summary>
    public static readonly PublishedLaw MiniCpm =
        new("minicpm", "MiniCPM", "none stated outside its own parametrisation", "1.21e9/L^6.24 tokens",
        "Hu et al., MiniCPM, arXiv:2404.06395; L loss in nats",
        _ => null, q => q.Loss is { } l ? 1.21e9 / Math.Pow(l, 6.24) : null);

    /// <summary>All published laws that the library holds: Step Law, DeepSeek, Porian, OpenAI and MiniCPM.</summary>
    public static IReadOnlyList<PublishedLaw> All { get; } = [StepLaw, DeepSeek, Porian, OpenAI, MiniCpm];
}
