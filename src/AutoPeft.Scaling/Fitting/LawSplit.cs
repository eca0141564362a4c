using System.Globalization;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Numerics;

namespace AutoPeft.Scaling.Fitting;

/// <summary>A column whose values split a law: runs of each value lie around a level of their own.</summary>
/// <param name="Column">Name of the column that splits the law.</param>
/// <param name="Values">Values of the column, each of which has a level of its own.</param>
/// <param name="RmsBefore">Root mean square residual under one law.</param>
/// <param name="RmsAfter">Root mean square residual once each value has a level of its own.</param>
public sealed record LawSplit(string Column, IReadOnlyList<string> Values, double RmsBefore, double RmsAfter)
{
    /// <summary>Most values that a splitting column may have.</summary>
    private const int MostValues = 12;

    /// <summary>What splits the law, and how much of the residuals the split explains, in words.</summary>
    public string Message => string.Create(CultureInfo.InvariantCulture,
        $"column '{Column}' splits the law: with a level of its own for each of {ShortList.Of(Values)} the residuals fall from "
            + $"{RmsBefore * 1000:0.0} to {RmsAfter * 1000:0.0} ‰; fit each with --group-by \"{Column}\", or one with --where "
            + $"\"{Column}={Values[0]}\"");

    /// <summary>
    /// Columns that split the residuals of a fit, the strongest first; columns that tell the same runs apart are named once.
    /// </summary>
    /// <param name="residuals">Residuals of ln loss.</param>
    /// <param name="columns">Columns that are no quantity of the law.</param>
    public static IReadOnlyList<LawSplit> Find(double[] residuals, IReadOnlyList<RunColumn> columns)
    {
        var found = new List<(LawSplit Split, string Partition)>();
        // A single wild run must not hide a split: residuals beyond five robust scales count as five.
        double centre = SampleStats.Median(residuals),
            scale = 5 * 1.4826 * SampleStats.Median([.. residuals.Select(r => Math.Abs(r - centre))]);
        if (scale > 0) residuals = [.. residuals.Select(r => Math.Clamp(r, centre - scale, centre + scale))];
        double mean = residuals.Average(), total = residuals.Sum(r => (r - mean) * (r - mean));
        foreach (var c in columns)
        {
            string[] key = [.. Enumerable.Range(0, residuals.Length).Select(c.TextAt)];
            var groups = Enumerable.Range(0, residuals.Length).GroupBy(i => key[i]).ToList();
            if (groups.Count is < 2 or > MostValues || groups.Count(g => g.Count() >= 3) < 2) continue;
            double within = groups.Sum(g => Squares(residuals, g));
            int k = groups.Count, n = residuals.Length;
            double f = (total - within) / (k - 1) / Math.Max(within / Math.Max(n - k - 5, 1), 1e-300);
            // Both large enough to matter and beyond what a random labelling does.
            if (within > 0.7 * total || f < 12) continue;
            var index = groups.Select((g, i) => (g.Key, i)).ToDictionary(q => q.Key, q => q.i);
            found.Add((
                new LawSplit(c.Name, [.. groups.OrderByDescending(g => g.Count()).Select(g => g.Key)], Math.Sqrt(total / n),
                    Math.Sqrt(within / n)),
                string.Join(',', key.Select(v => index[v]))));
        }
        return [.. found.OrderBy(q => q.Split.RmsAfter).ThenBy(q => q.Split.Values.Count).DistinctBy(q => q.Partition).Select(q => q.Split)
            .Take(3)];
    }

    private static double Squares(double[] residuals, IEnumerable<int> rows)
    {
        int[] at = [.. rows];
        double mean = at.Average(i => residuals[i]);
        return at.Sum(i => (residuals[i] - mean) * (residuals[i] - mean));
    }
}
