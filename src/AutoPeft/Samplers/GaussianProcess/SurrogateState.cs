using System.Globalization;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// What a proposal leaves in the log for the next: at how many trials hyperparameters were last sought from scratch, and by surrogate the
/// strength of its outcome warp, its hyperparameters and the draws around them. Text: "gp3|n|κ:θ;θ′;θ″|κ:θ|…".
/// </summary>
/// <param name="ThoroughAt">Number of completed trials at the last thorough fit.</param>
/// <param name="Models">
/// Hyperparameters by surrogate (objectives, outcome constraints, failures): the fitted ones first, then draws and their scales where there
/// are any; of failures those for the labels, then those for the distances.
/// </param>
/// <param name="Strengths">Strength of each surrogate's outcome warp.</param>
internal sealed record SurrogateState(int ThoroughAt, Hyperparameters[][] Models, double[] Strengths)
{
    private const string Mark = "gp3";

    /// <summary>Share of new trials after which hyperparameters are sought from scratch again.</summary>
    public const double Growth = 1.2;

    /// <summary>As the log keeps it.</summary>
    public string ToText() => string.Join('|', [Mark, ThoroughAt.ToString(CultureInfo.InvariantCulture),
        .. Models.Select(
            (m, i) => $"{Strengths[i].ToString(CultureInfo.InvariantCulture)}:{string.Join(';', m.Select(h => h.ToText()))}")]);

    /// <summary>Inverse of <see cref="ToText"/>; null for text of another sampler or another study.</summary>
    /// <param name="text">What the log keeps.</param>
    /// <param name="groups">Number of length scales.</param>
    /// <param name="main">By surrogate, whether its kernel has main effects.</param>
    public static SurrogateState? Parse(string? text, int groups, bool[] main)
    {
        if (text is null) return null;
        int models = main.Length;
        string[] parts = text.Split('|');
        if (parts.Length != models + 2 || parts[0] != Mark
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int at)) return null;
        var fitted = new Hyperparameters[models][];
        var strengths = new double[models];
        for (int i = 0; i < models; i++)
        {
            string[] pair = parts[i + 2].Split(':');
            if (pair.Length != 2 || !double.TryParse(pair[0], NumberStyles.Float, CultureInfo.InvariantCulture, out strengths[i])
                || !double.IsFinite(strengths[i]) || strengths[i] < 0) return null;
            Hyperparameters?[] all =
                [.. pair[1].Split(';', StringSplitOptions.RemoveEmptyEntries).Select(p => Hyperparameters.Parse(p, groups, main[i]))];
            if (all.Contains(null)) return null;
            fitted[i] = all!;
        }
        return new SurrogateState(at, fitted, strengths);
    }
}
