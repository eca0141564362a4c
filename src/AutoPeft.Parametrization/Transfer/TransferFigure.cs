using System.Globalization;
using AutoPeft.Reporting;

namespace AutoPeft.Parametrization;

/// <summary>Draws a transfer study: a panel for each parametrisation, a curve for each size, a dot at each optimum.</summary>
internal static class TransferFigure
{
    private const double PanelWidth = 300, PanelHeight = 280, Left = 64, Top = 72, Gap = 64;
    private const int Colours = 5;

    public static SvgFigure Draw(TransferStudy study)
    {
        int panels = study.Results.Count;
        var figure = new SvgFigure("transfer", "Transfer of the learning rate", Left + panels * (PanelWidth + Gap) + 20,
            Top + PanelHeight + 60);
        figure.Text(Left, 22, "Loss against learning rate, by size", "l h");
        RateCurve[] curves = [.. study.Results.SelectMany(r => r.Curves)];
        double[] losses = [.. curves.SelectMany(c => c.Means).Where(double.IsFinite).Order()];
        // Far above the optima curves only say that they are far above: the upper fifth of the losses is cut off.
        double low = losses[0], high = Math.Max(losses[(int)(0.8 * (losses.Length - 1))], low + 1e-9);
        double pad = 0.06 * (high - low);
        double[] rates = [.. curves.SelectMany(c => c.Rates).Distinct().Order().Select(r => Math.Pow(2, r))];
        double[] sizes = [.. curves.Select(c => c.Size).Distinct().Order()];
        for (int i = 0; i < panels; i++)
        {
            TransferResult result = study.Results[i];
            double left = Left + i * (PanelWidth + Gap);
            var panel = new Panel(figure, left, Top, PanelWidth, PanelHeight, (rates[0], rates[^1]), true, (low - pad, high + pad), false,
                "learning rate", "loss");
            figure.Text(left + PanelWidth, Top - 8, result.Parametrization, "l", "end");
            var labels = new List<(double, string, string)>();
            foreach (var (curve, optimum) in result.Curves.Zip(result.Optima))
            {
                string colour = $"s{Array.IndexOf(sizes, curve.Size) * Colours / sizes.Length}";
                string name = curve.Size.ToString("0.##", CultureInfo.InvariantCulture);
                (double X, double Y)[] points = [.. curve.Rates.Zip(curve.Means).Where(p => p.Second <= high + pad)
                    .Select(p => (Math.Pow(2, p.First), p.Second))];
                panel.Curve(points, $"curve {colour}", $"{result.Parametrization} {name}");
                figure.Circle(panel.X[optimum.LearningRate], panel.Y[Math.Min(optimum.Loss.Value, high + pad)], 4, $"dot {colour}");
                if (points.Length > 0) labels.Add((panel.Y[points[^1].Y], name, colour));
            }
            panel.EndLabels(labels);
        }
        return figure;
    }
}
