using System.Globalization;

namespace AutoPeft.Parametrization;

/// <summary>Draws a coordinate check: a panel for each step, a curve for each module.</summary>
internal static class CoordinateFigure
{
    private const double PanelWidth = 180, PanelHeight = 240, Left = 60, Top = 60, Gap = 24;
    private const string Good = "#3b6ea8", Bad = "#c8352b";

    public static string Draw(CoordinateReport report, IReadOnlyList<CoordinateCurve> curves, string axis)
    {
        int steps = report.Options.Steps + 1;
        string[] failing = [.. curves.Where(c => !c.Passed).Select(c => c.Module)];
        double legend = 18 * Math.Min(failing.Length, 12) + 30;
        double width = Left + steps * (PanelWidth + Gap) + 10;
        var canvas = new SvgCanvas(width, Top + PanelHeight + 50 + legend, "Coordinate check");
        canvas.Text(Left, 22, $"Mean |x| of every module's output against {axis}: {(report.Passed ? "pass" : "fail")}", size: 14);
        double[] means = [.. curves.SelectMany(c => c.BySteps).SelectMany(s => s).Select(p => p.Mean)
            .Where(m => m > 0 && double.IsFinite(m))];
        (double, double) y = means.Length == 0 ? (0.1, 10) : (means.Min() / 1.3, means.Max() * 1.3);
        double[] sizes = [.. report.Sizes.Select(s => (double)s)];
        for (int t = 0; t < steps; t++)
        {
            var panel = new LogPanel(canvas, Left + t * (PanelWidth + Gap), Top, PanelWidth, PanelHeight, (sizes[0], sizes[^1]), y,
                logY: true);
            panel.Axes(t == 0 ? "at the start" : $"after {t} step{(t == 1 ? "" : "s")}", axis, t == 0 ? "mean |x|" : null, sizes,
                s => s.ToString(CultureInfo.InvariantCulture));
            foreach (CoordinateCurve curve in curves.OrderByDescending(c => c.Passed))
            {
                string colour = curve.Passed ? Good : Bad;
                (double, double)[] points = [.. curve.BySteps[t].Where(p => p.Mean > 0).Select(p => (panel.X(p.Size), panel.Y(p.Mean)))];
                canvas.Curve(points, colour, curve.Passed ? 1 : 1.8, curve.Module);
                foreach (var (px, py) in points) canvas.Dot(px, py, 1.8, colour);
            }
        }
        double at = Top + PanelHeight + 58;
        if (failing.Length > 0) canvas.Text(Left, at, "Failing, first first:", colour: Bad);
        foreach (string name in failing.Take(12)) canvas.Text(Left + 12, at += 18, name, colour: Bad);
        return canvas.ToString();
    }
}
