using System.Globalization;
using AutoPeft.Parametrization;

namespace AutoPeft.Cli.Transfers;

/// <summary>Whether the smallest size's best rate serves the largest size, as one line.</summary>
internal static class TransferVerdict
{
    /// <summary>Octaves that the best rate may move between the smallest and the largest size.</summary>
    public const double MostMoved = 0.5;

    /// <summary>Share of the loss that carrying the rate over may cost.</summary>
    public const double MostRegret = 0.005;

    /// <summary>
    /// Begins with "pass", "FAIL" or "undecided", the last where the best rate of the smallest or the largest size is at an end of the
    /// rates tried: the true one may lie beyond, so that both numbers are too small.
    /// </summary>
    public static string Of(TransferResult result)
    {
        RateOptimum smallest = result.Optima[0], largest = result.Optima[^1];
        string numbers = string.Create(CultureInfo.InvariantCulture,
            $"the best rate moved {result.Moved.Text(Octaves)} octaves, at most {MostMoved}; carrying it over costs "
            + $"{result.Regret.Text(Share)} of the loss, at most {MostRegret:0.0 %}");
        if ((smallest.AtEdge ? smallest : largest.AtEdge ? largest : null) is { } edge)
            return $"undecided, since the best rate of {edge.Size:0} is at the end of the rates tried (--from, --to): {numbers}";
        bool passed = Math.Abs(result.Moved.Value) <= MostMoved && result.Regret.Value <= MostRegret * largest.Loss.Value;
        return $"{(passed ? "pass" : "FAIL")}: {numbers}";

        string Share(double regret) => Number(regret / largest.Loss.Value, "0.00 %");
    }

    private static string Octaves(double octaves) => Number(octaves, "+0.00;-0.00;0");

    private static string Number(double value, string format) => double.IsNaN(value) ? "-"
        : double.IsInfinity(value) ? "diverges" : value.ToString(format, CultureInfo.InvariantCulture);
}
