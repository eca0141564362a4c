using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>Refuses values whose logarithm a fit would take and units that cannot be, with the rows that hold them.</summary>
internal static class Positive
{
    /// <summary>The loss in nats of a uniform guess over a million pieces is 13.8: no trained model lies above this one.</summary>
    public const double LargestLoss = 16;

    public static void Check(RunTable table, string column, double[] values, string what)
    {
        var bad = Rows(table, values, v => !(v > 0) || double.IsInfinity(v));
        if (bad.Length > 0)
            throw new ScalingDataException(
                $"{table.Source}: {what} (column '{column}') must be positive, since its logarithm is taken; it is not in {bad}.");
    }

    // A missing or infinite loss is a diverged run; a zero or negative one is a mistake.
    public static void CheckLoss(RunTable table, RunColumn loss)
    {
        var bad = Rows(table, loss.Numbers!, v => v <= 0);
        if (bad.Length > 0)
            throw new ScalingDataException(
                $"{table.Source}: the loss (column '{loss.Name}') must be positive, since its logarithm is taken; it is not in {bad}.");
    }

    /// <summary>Refuses counts that cannot be, row by row: the smallest transformer anybody sweeps has thousands of weights.</summary>
    public static void CheckUnits(RunTable table, double[] n, double[] d)
    {
        Reject(table, "N", "parameters", n, 1e3, 1e16, "--n-unit");
        Reject(table, "D", "tokens", d, 1e3, 1e18, "--d-unit");
        double ratio = Median([.. n.Select((v, i) => d[i] / v)]);
        if (ratio < 1e-3)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"{table.Source}: D/N has a median of {ratio:G2} tokens for each parameter, which nobody trains with; state the units with "
                    + $"--n-unit and --d-unit (k, M, B, T or a factor)."));
        MixedUnits(table, "N", n, "--n-unit");
        MixedUnits(table, "D", d, "--d-unit");
    }

    /// <summary>Refuses a compute column that disagrees with 6·N·D by a factor that only a unit can make.</summary>
    public static void CheckCompute(RunTable table, string column, double[] n, double[] d, double[] c)
    {
        double ratio = Median([.. n.Select((v, i) => c[i] / (6 * v * d[i]))]);
        if (ratio is > 0.02 and < 200) return;
        throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
            $"{table.Source}: compute (column '{column}') is {ratio:G2} times 6·N·D in the median, which no model is; state the units "
                + $"with --n-unit, --d-unit and --compute-unit, or leave the column out with --compute-column none."));
    }

    private static void Reject(RunTable table, string letter, string unit, double[] v, double low, double high, string option)
    {
        var median = Median(v);
        if (median < low || median > high)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"{table.Source}: {letter} has a median of {median:G4}, which cannot be a count of {unit}; state its unit with {option} "
                    + $"(k, M, B, T or a factor)."));
        string bad = Rows(table, v, x => x < low || x > high);
        if (bad.Length > 0)
            throw new ScalingDataException($"{table.Source}: {letter} cannot be a count of {unit} in {bad}, while other rows hold "
                + $"{Show(median)}: are these rows counted in another unit? Mend them, or leave them out with --where.");
    }

    // A gap of more than four decades with several rows on either side: two units in one column.
    private static void MixedUnits(RunTable table, string letter, double[] v, string option)
    {
        var order = Enumerable.Range(0, v.Length).OrderBy(i => v[i]).ToArray();
        for (int k = 1; k < order.Length; k++)
            if (v[order[k]] > 3e4 * v[order[k - 1]])
            {
                int[] few = k * 2 <= order.Length ? order[..k] : order[k..];
                throw new ScalingDataException($"{table.Source}: {letter} jumps from {Show(v[order[k - 1]])} to {Show(v[order[k]])} with "
                    + $"nothing between; {ShortList.Rows([.. few.Order().Select(table.RowNumber)])} seem to be counted in another unit. "
                    + $"Mend them (or {option} for all rows, --where for some).");
            }
    }

    private static double Median(double[] v) => v.Order().ElementAt(v.Length / 2);

    private static string Rows(RunTable table, double[] values, Func<double, bool> bad)
    {
        var rows = Enumerable.Range(0, values.Length).Where(i => bad(values[i])).ToList();
        if (rows.Count == 0) return "";
        var shown = string.Join(", ", rows.Take(8).Select(i => $"{table.RowNumber(i)} ({Show(values[i])})"));
        return (rows.Count == 1 ? "row " : "rows ") + shown + (rows.Count > 8 ? $" and {rows.Count - 8} more" : "");
    }

    private static string Show(double v) => v.ToString("G4", CultureInfo.InvariantCulture);
}
