using System.Globalization;
using System.Text;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>
/// What a Gaussian process is fitted by, all in natural logarithms. Targets are standardised, features lie on about [0, 1].
/// </summary>
/// <param name="LogLengths">Length scales, one per feature group.</param>
/// <param name="LogSignal">Signal variance.</param>
/// <param name="LogNoise">Noise variance.</param>
/// <param name="LogMain">Variance of the main effects (<see cref="MainEffects"/>); null for a kernel without.</param>
internal sealed record Hyperparameters(double[] LogLengths, double LogSignal, double LogNoise, double? LogMain = null)
{
    /// <summary>Variance of the main effects; 0 without.</summary>
    public double Main => LogMain is { } log ? Math.Exp(log) : 0;

    /// <summary>As one vector: length scales, main effects where there are any, signal, noise.</summary>
    public double[] ToVector() => LogMain is { } main ? [.. LogLengths, main, LogSignal, LogNoise] : [.. LogLengths, LogSignal, LogNoise];

    /// <summary>Inverse of <see cref="ToVector"/>.</summary>
    public static Hyperparameters FromVector(double[] v, bool main) =>
        main ? new(v[..^3], v[^2], v[^1], v[^3]) : new(v[..^2], v[^2], v[^1]);

    /// <summary>For targets that are <paramref name="scale"/> times as large.</summary>
    public Hyperparameters Scaled(double scale)
    {
        double shift = 2 * Math.Log(scale);
        return this with { LogSignal = LogSignal + shift, LogNoise = LogNoise + shift, LogMain = LogMain + shift };
    }

    /// <summary>
    /// Rounded to three decimals, which is what a study's log keeps: a proposal must not depend on digits that a replay does not have.
    /// </summary>
    public Hyperparameters Rounded() => FromVector([.. ToVector().Select(x => Math.Round(x, 3))], LogMain is not null);

    /// <summary>"1.25 -0.3 …".</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        foreach (double x in ToVector()) text.Append(text.Length == 0 ? "" : " ").Append(x.ToString("0.###", CultureInfo.InvariantCulture));
        return text.ToString();
    }

    /// <summary>
    /// Inverse of <see cref="ToText"/>; null where the text is not of <paramref name="groups"/> length scales, with or without main
    /// effects.
    /// </summary>
    public static Hyperparameters? Parse(string text, int groups, bool main)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != groups + (main ? 3 : 2)) return null;
        var v = new double[parts.Length];
        for (int i = 0; i < v.Length; i++)
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out v[i]) || !double.IsFinite(v[i]))
                return null;
        return FromVector(v, main);
    }
}
