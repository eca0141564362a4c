using System.Globalization;

namespace AutoPeft.Parametrization;

/// <summary>Draws a transfer study: a panel for each parametrisation, a curve for each size, a dot at each optimum.</summary>
internal static class TransferFigure
{
    private const double PanelWidth = 300, PanelHeight = 280, Left = 64, Top = 60, Gap = 40;

    public static string Draw(TransferStudy study)
    {
        int panels = study.Results.Count;
        var canvas = new SvgCanvas(Left + panels * (PanelWidth + Gap) + 60, Top + PanelHeight + 60, "Transfer of the learning rate");
        canvas.Text(Left, 22, "Loss against learning rate, by size", size: 14);
        RateCurve[] curves = [.. study.Results.SelectMany(r => r.Curves)];
        double[] losses = [.. curves.SelectMany(c => c.Means).Where(double.IsFinite).Order()];
        // Far above the optima curves only say that they are far above: the upper fifth of the losses is cut off.
        double low = losses[0], high = Math.Max(losses[(int)(0.8 * (losses.Length - 1))], low + 1e-9);
        double[] rates = [.. curves.SelectMany(c => c.Rates).Distinct().Order()];
        double pad = 0.06 * (high - low);
        double[] sizes = [.. curves.Select(c => c.Size).Distinct().Order()];
        for (int i = 0; i < panels; i++)
        {
            TransferResult result = study.Results[i];
            var panel = new LogPanel(canvas, Left + i * (PanelWidth + Gap), Top, PanelWidth, PanelHeight,
                (Math.Pow(2, rates[0]), Math.Pow(2, rates[^1])), (low - pad, high + pad), logY: false);
            panel.Axes(result.Parametrization, "learning rate", i == 0 ? "loss" : null,
                rates.Where((_, k) => k % Math.Max(1, (rates.Length + 5) / 6) == 0).Select(r => Math.Pow(2, r)),
                rate => rate.ToString("0.#e+0", CultureInfo.InvariantCulture));
            foreach (var (curve, optimum) in result.Curves.Zip(result.Optima))
            {
                string colour = Colour(Array.IndexOf(sizes, curve.Size), sizes.Length);
                var points = curve.Rates.Zip(curve.Means).Where(p => p.Second <= high + pad)
                    .Select(p => (panel.X(Math.Pow(2, p.First)), panel.Y(p.Second)));
                canvas.Curve(points, colour, 1.6, string.Create(CultureInfo.InvariantCulture, $"size {curve.Size:0.##}"));
                canvas.Dot(panel.X(optimum.LearningRate), panel.Y(optimum.Loss.Value), 4, colour);
            }
        }
        for (int k = 0; k < sizes.Length; k++)
            canvas.Text(Left + panels * (PanelWidth + Gap) - 20, Top + 16 * k + 8, sizes[k].ToString("0.##", CultureInfo.InvariantCulture),
                colour: Colour(k, sizes.Length));
        return canvas.ToString();
    }

    // From pale to dark blue: sizes are ordered.
    private static string Colour(int index, int count)
    {
        double share = count < 2 ? 1 : (double)index / (count - 1);
        int Mix(int from, int to) => (int)Math.Round(from + share * (to - from));
        return $"#{Mix(0x9c, 0x0b):x2}{Mix(0xc4, 0x2a):x2}{Mix(0xe8, 0x5c):x2}";
    }
}
