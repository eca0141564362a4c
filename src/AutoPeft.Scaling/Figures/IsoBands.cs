using System.Text;
using AutoPeft.Reporting;

namespace AutoPeft.Scaling.Figures;

/// <summary>
/// Filled contours of values on a rectangular lattice with holes: each cell is cut into triangles, each triangle is clipped to each band.
/// </summary>
internal static class IsoBands
{
    /// <summary>One SVG path per band; band k holds values in [levels[k], levels[k+1]).</summary>
    /// <param name="xs">Pixel columns.</param>
    /// <param name="ys">Pixel rows.</param>
    /// <param name="value">Value at (column, row); null for a hole.</param>
    /// <param name="levels">Ascending; the last may be infinite.</param>
    public static string[] Paths(IReadOnlyList<double> xs, IReadOnlyList<double> ys, Func<int, int, double?> value,
        IReadOnlyList<double> levels)
    {
        var paths = Enumerable.Range(0, levels.Count - 1).Select(_ => new StringBuilder()).ToArray();
        for (int i = 0; i + 1 < xs.Count; i++)
            for (int j = 0; j + 1 < ys.Count; j++)
            {
                (double X, double Y, double? V)[] c =
                    [(xs[i], ys[j], value(i, j)), (xs[i + 1], ys[j], value(i + 1, j)), (xs[i + 1], ys[j + 1], value(i + 1, j + 1)),
                        (xs[i], ys[j + 1], value(i, j + 1))];
                int holes = c.Count(p => p.V is null);
                if (holes > 1) continue;
                if (holes == 1)
                {
                    Triangle([.. c.Where(p => p.V is not null).Select(p => (p.X, p.Y, p.V!.Value))]);
                    continue;
                }
                // Four triangles around the centre: no diagonal is preferred.
                var mid = ((xs[i] + xs[i + 1]) / 2, (ys[j] + ys[j + 1]) / 2, c.Average(p => p.V!.Value));
                for (int k = 0; k < 4; k++)
                {
                    var (a, b) = (c[k], c[(k + 1) % 4]);
                    Triangle([(a.X, a.Y, a.V!.Value), (b.X, b.Y, b.V!.Value), mid]);
                }
            }
        return [.. paths.Select(p => p.ToString())];

        void Triangle(List<(double X, double Y, double V)> t)
        {
            double low = t.Min(p => p.V), high = t.Max(p => p.V);
            for (int k = 0; k + 1 < levels.Count; k++)
            {
                if (high < levels[k] || low >= levels[k + 1]) continue;
                var poly = Clip(Clip(t, levels[k], above: true), levels[k + 1], above: false);
                if (poly.Count >= 3)
                    paths[k].Append('M').AppendJoin('L', poly.Select(p => $"{SvgFigure.P(p.X)} {SvgFigure.P(p.Y)}")).Append('Z');
            }
        }
    }

    private static List<(double X, double Y, double V)> Clip(List<(double X, double Y, double V)> poly, double level, bool above)
    {
        if (double.IsInfinity(level)) return poly;
        var result = new List<(double, double, double)>();
        for (int i = 0; i < poly.Count; i++)
        {
            var (a, b) = (poly[i], poly[(i + 1) % poly.Count]);
            bool ia = above ? a.V >= level : a.V <= level, ib = above ? b.V >= level : b.V <= level;
            if (ia) result.Add(a);
            if (ia != ib)
            {
                double u = (level - a.V) / (b.V - a.V);
                result.Add((a.X + u * (b.X - a.X), a.Y + u * (b.Y - a.Y), level));
            }
        }
        return result;
    }
}
