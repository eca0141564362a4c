using AutoPeft.Reporting;

namespace AutoPeft.Parametrization;

/// <summary>Draws a coordinate check: a panel for each step, a curve for each module.</summary>
internal static class CoordinateFigure
{
    private const double PanelWidth = 180, PanelHeight = 240, Left = 60, Top = 72, Gap = 60;
    // Orange is what the palette has for warnings; names say it as well.
    private const string Good = "s0", Bad = "s1";
    private const int MostNamed = 12;

    public static SvgFigure Draw(CoordinateReport report, IReadOnlyList<CoordinateCurve> curves, string axis)
    {
        int steps = report.Options.Steps + 1;
        string[] failing = [.. curves.Where(c => !c.Passed).Select(c => c.Module)];
        double legend = 18 * Math.Min(failing.Length, MostNamed) + 30;
        var figure = new SvgFigure("coordinate-check", "Coordinate check", Left + steps * (PanelWidth + Gap),
            Top + PanelHeight + 50 + legend);
        figure.Text(Left, 22, $"Mean |x| of every module's output against {axis}: {(report.Passed ? "pass" : "fail")}", "l h");
        double[] means = [.. curves.SelectMany(c => c.BySteps).SelectMany(s => s).Select(p => p.Mean)
            .Where(m => m > 0 && double.IsFinite(m))];
        (double, double) y = means.Length == 0 ? (0.1, 10) : (means.Min() / 1.3, means.Max() * 1.3);
        double[] sizes = [.. report.Sizes.Select(s => (double)s)];
        for (int t = 0; t < steps; t++)
        {
            double left = Left + t * (PanelWidth + Gap);
            var panel = new Panel(figure, left, Top, PanelWidth, PanelHeight, (sizes[0], sizes[^1]), true, y, true, axis, "mean |x|",
                xAt: sizes);
            figure.Text(left + PanelWidth, Top - 8, t == 0 ? "at the start" : $"after {t} step{(t == 1 ? "" : "s")}", "l", "end");
            foreach (CoordinateCurve curve in curves.OrderByDescending(c => c.Passed))
            {
                string colour = curve.Passed ? Good : Bad;
                (double X, double Y)[] points = [.. curve.BySteps[t].Where(p => p.Mean > 0).Select(p => (p.Size, p.Mean))];
                panel.Curve(points, $"{(curve.Passed ? "thin" : "curve")} {colour}", $"step {t} {curve.Module}");
                foreach (var (px, py) in points) figure.Circle(panel.X[px], panel.Y[py], 1.8, $"dot {colour}");
            }
        }
        double at = Top + PanelHeight + 58;
        if (failing.Length > 0) figure.Text(Left, at, "Failing, first first:", $"lab {Bad}");
        foreach (string name in failing.Take(MostNamed)) figure.Text(Left + 12, at += 18, name, $"lab {Bad}");
        return figure;
    }
}
