using System.Text.Json;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>What to plot against what.</summary>
/// <param name="X">An objective's index; −1 for the order of completion.</param>
/// <param name="Y">An objective's index.</param>
/// <param name="LogX">Whether the x axis is logarithmic; cells are cut accordingly.</param>
/// <param name="LogY">Whether the y axis is logarithmic.</param>
/// <param name="From">Only trials from this place in the order of completion: what a page that has the earlier ones lacks.</param>
internal sealed record ScatterQuery(int X, int Y, bool LogX, bool LogY, int From);

/// <summary>
/// The completed trials as points, thinned to what a screen can show: at most one a cell of the plane, the newest, in cells of about the
/// size of a mark, coarser where that is still too many. Trials on the front are always there.
/// </summary>
internal static class ScatterSample
{
    /// <summary>Points in one answer: more marks than this on one plot are a blot, and a quarter of a megabyte on the wire.</summary>
    public const int MaxPoints = 8000;

    private readonly record struct PlottedTrial(Trial Trial, double X, double Y);

    public static void Write(Utf8JsonWriter json, IStudyView study, ScatterQuery q, IReadOnlyList<int> front)
    {
        var points = new List<PlottedTrial>();
        for (int i = Math.Clamp(q.From, 0, study.Completed.Count); i < study.Completed.Count; i++)
        {
            Trial t = study.Completed[i];
            double x = q.X < 0 ? i + 1 : t.Values[q.X], y = t.Values[q.Y];
            if (double.IsFinite(x) && double.IsFinite(y)) points.Add(new PlottedTrial(t, x, y));
        }
        List<PlottedTrial> kept = points.Count <= MaxPoints ? points : Thin(points, q, [.. front]);
        json.WriteNumber("completed", study.Completed.Count);
        json.WriteNumber("of", points.Count);
        json.WriteStartArray("number");
        foreach (PlottedTrial p in kept) json.WriteNumberValue(p.Trial.Number);
        json.WriteEndArray();
        json.Numbers("x", kept.Select(p => p.X));
        json.Numbers("y", kept.Select(p => p.Y));
        json.WriteStartArray("infeasible");
        foreach (PlottedTrial p in kept.Where(p => !p.Trial.IsFeasible)) json.WriteNumberValue(p.Trial.Number);
        json.WriteEndArray();
    }

    private static List<PlottedTrial> Thin(List<PlottedTrial> points, ScatterQuery q, HashSet<int> front)
    {
        (Func<double, double> fx, double lowX, double highX) = Axis(points, p => p.X, q.LogX);
        (Func<double, double> fy, double lowY, double highY) = Axis(points, p => p.Y, q.LogY);
        for (int width = 400, height = 200; ; width = width * 3 / 4, height = height * 3 / 4)
        {
            var taken = new bool[width * height];
            var kept = new List<PlottedTrial>(MaxPoints);
            for (int i = points.Count - 1; i >= 0; i--)
            {
                int cell = Cell(fx(points[i].X), lowX, highX, width) + width * Cell(fy(points[i].Y), lowY, highY, height);
                if (taken[cell] && !front.Contains(points[i].Trial.Number)) continue;
                taken[cell] = true;
                kept.Add(points[i]);
            }
            if (kept.Count > MaxPoints + front.Count) continue;
            kept.Reverse();
            return kept;
        }
    }

    // Values beyond the bulk are drawn at the axes' ends, so that they share the outermost cells there.
    private static int Cell(double v, double low, double high, int count) =>
        Math.Clamp((int)((v - low) / (high - low) * count), 0, count - 1);

    /// <summary>The range that the page will show: the bulk and three times as much to either side, as far as there are values.</summary>
    private static (Func<double, double> Scale, double Low, double High) Axis(List<PlottedTrial> points, Func<PlottedTrial, double> value,
        bool log)
    {
        double[] sorted = [.. points.Select(value).Where(v => !log || v > 0).Select(v => log ? Math.Log(v) : v)];
        if (sorted.Length == 0) return (v => v, 0, 1);
        Array.Sort(sorted);
        double near = sorted[(int)(0.06 * (sorted.Length - 1))], far = sorted[(int)(0.94 * (sorted.Length - 1))], bulk = far - near;
        double low = bulk > 0 ? Math.Max(sorted[0], near - 3 * bulk) : sorted[0],
            high = bulk > 0 ? Math.Min(sorted[^1], far + 3 * bulk) : sorted[^1];
        if (!(high > low)) (low, high) = (low - 0.5, low + 0.5);
        return (log ? v => v > 0 ? Math.Log(v) : double.MinValue : v => v, low, high);
    }
}
