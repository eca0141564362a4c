using System.Globalization;
using AutoPeft.Reporting;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Optima;
using AutoPeft.Scaling.Sweeps;

namespace AutoPeft.Scaling.Figures;

/// <summary>Figures of a learning-rate and batch-size sweep.</summary>
public static class SweepCharts
{
    private static readonly double[] s_levels = [0, 0.0025, 0.005, 0.01, 0.02, 0.05, double.PositiveInfinity];

    /// <summary>
    /// Loss over learning rate and batch for one grid: filled contours of the relative gap, plateau, best run, and where laws point.
    /// </summary>
    public static SvgFigure LossSurface(SweepGrid grid, QuadraticSurface? surface, StepLawFit fit, int index)
    {
        var f = new SvgFigure($"surface-{index:00}", $"Loss of {grid.Key}", 250, 234);
        double left = 44, top = 42, width = 196, height = 146;
        f.Text(2, 12, grid.Key.Replace("N=", "N ", StringComparison.Ordinal).Replace(" D=", ", D ", StringComparison.Ordinal), "h");
        var p = new Panel(f, left, top, width, height, AxisScale.Around(grid.LearningRates, true, 0.02), true,
            AxisScale.Around(grid.BatchSizes, true, 0.02), true, "learning rate", "batch, tokens", 3, 4);
        double[] xs = [.. grid.LearningRates.Select(v => p.X[v])], ys = [.. grid.BatchSizes.Select(v => p.Y[v])];
        var paths = IsoBands.Paths(xs, ys, (i, j) => grid.LossAt(grid.LearningRates[i], grid.BatchSizes[j]) / grid.MinLoss - 1, s_levels);
        p.Clipped($"c{index}", () =>
        {
            for (int k = paths.Length - 1; k >= 0; k--) f.Path(paths[k], $"iso r{k}");
            if (surface is not null) Plateau(p, surface);
        });
        double Clamp(double v, AxisScale s) => Math.Clamp(v, s.Low, s.High);
        f.Cross(p.X[grid.Best.LearningRateLevel], p.Y[grid.Best.BatchLevel], 3.5, "ink thin halo");
        var published = PublishedLaw.StepLaw;
        var q = new LawQuery(grid.Params, grid.Tokens);
        f.Diamond(p.X[Clamp(published.LearningRate(q)!.Value, p.X)], p.Y[Clamp(published.BatchTokens(q)!.Value, p.Y)], 5, "s1 dot mark",
            "Step Law, published");
        var (lr, bs) = fit.Propose(grid.Params, grid.Tokens);
        f.Circle(p.X[Clamp(lr!.Value, p.X)], p.Y[Clamp(bs!.Value, p.Y)], 4.2, "s3 dot mark", "fitted law");
        return f;
    }

    /// <summary>Legend that explains the colours and marks of the loss surfaces.</summary>
    public static SvgFigure SurfaceLegend()
    {
        var f = new SvgFigure("surface-legend", "Legend of the loss surfaces", 430, 62);
        string[] label = ["0", "2.5", "5", "10", "20", "50 ‰"];
        for (int k = 0; k < Palette.RampSteps; k++)
        {
            f.Rect(4 + 44 * k, 6, 44, 12, $"r{k}");
            f.Text(4 + 44 * k, 32, label[k], "t", k == 0 ? "start" : "middle");
        }
        f.Text(276, 16, "gap to the grid's best run", "t");
        f.Cross(9, 48, 3.5, "ink thin");
        f.Text(18, 52, "best run", "t");
        f.Circle(84, 48, 4.2, "s3 dot");
        f.Text(93, 52, "this fit", "t");
        f.Diamond(150, 48, 5, "s1 dot");
        f.Text(160, 52, "Step Law, published", "t");
        f.Polyline([(283, 48), (290, 44), (297, 48), (290, 52)], "ink thin dash", true);
        f.Text(304, 52, "plateau within 2.5 ‰", "t");
        return f;
    }

    /// <summary>Gap of each law on each grid, on a log scale, with the mean.</summary>
    public static SvgFigure Gaps(string name, string title, IReadOnlyList<RuleGaps> rules, string caption)
    {
        var shown = rules.OrderBy(r => r.Nearest.Mean).ToList();
        double height = 26 * shown.Count, left = 128;
        var f = new SvgFigure(name, title, 470, height + 66, caption);
        const double Floor = 1e-4;
        var all = shown.SelectMany(r => r.Grids.Select(g => Math.Max(g.Nearest, Floor))).ToList();
        var x = new AxisScale(Floor * 0.8, Math.Max(all.Max() * 1.4, 2e-3), true, left, 400);
        foreach (double v in new[] { 1e-4, 1e-3, 1e-2, 1e-1, 1 }.Where(v => v < x.High))
        {
            f.Line(x[v], 8, x[v], height + 14, "grid");
            f.Text(x[v], height + 30, v == Floor ? "≤ 0.1 ‰" : (v * 1000).ToString("0.#", CultureInfo.InvariantCulture) + " ‰", "t",
                "middle");
        }
        f.Text(400, height + 48, "loss above the grid's best run", "t", "end");
        f.Text(464, height + 30, "mean", "t", "end");
        for (int k = 0; k < shown.Count; k++)
        {
            double y = 26 * k + 24;
            var r = shown[k];
            string css = r.Rule.Key switch { "fitted" => "s3", "step-law" => "s1", "best-fixed" => "s2", _ => "s5" };
            f.Text(left - 10, y + 4, Label(r.Rule.Key), "lab " + css, "end");
            foreach (var g in r.Grids)
                f.Circle(x[Math.Max(g.Nearest, Floor)], y, 3, "soft " + css,
                    FormattableString.Invariant($"{g.Grid}: {g.Nearest * 1000:0.00} ‰"));
            double mean = r.Nearest.Mean;
            f.Line(x[Math.Max(mean, Floor)], y - 8, x[Math.Max(mean, Floor)], y + 8, "curve " + css);
            f.Text(464, y + 4, (mean * 1000).ToString("0.00", CultureInfo.InvariantCulture) + " ‰", "lab " + css, "end");
        }
        return f;
    }

    /// <summary>Optima against D, coloured by size of N, with the law's lines and bands of the cluster bootstrap.</summary>
    public static SvgFigure Law(StepLawFit fit, bool learningRate)
    {
        var f = new SvgFigure(learningRate ? "law-lr" : "law-batch", learningRate ? "Learning rate" : "Batch size", 470, 316,
            learningRate
                ? "Dots: the optima that the fit used. Lines: the law at each N, with its 95 % band over bootstrapped grids."
                : "Dots: the optima that the fit used. Line: the law, with its 95 % band over bootstrapped grids. Dashed: Step Law as "
                    + "published.");
        double[] d = [.. fit.Optima.Select(o => o.Tokens)], v = [.. fit.Optima.Select(o => learningRate ? o.LearningRate : o.BatchTokens)];
        var p = new Panel(f, 54, 28, 330, 232, AxisScale.Around(d, true), true, AxisScale.Around(v, true), true, "training tokens D",
            learningRate ? "learning rate" : "batch, tokens");
        var sizes = Levels.Snap([.. fit.Optima.Select(o => o.Params)]).Distinct().Order().ToList();
        if (sizes.Count > 5) sizes = [sizes[0], sizes[sizes.Count / 4], sizes[sizes.Count / 2], sizes[3 * sizes.Count / 4], sizes[^1]];
        double low = d.Min(), high = d.Max();
        p.Clipped("law" + (learningRate ? "lr" : "bs"), () =>
        {
            for (int i = 0; i < fit.Optima.Count; i++)
            {
                var o = fit.Optima[i];
                int near = learningRate ? sizes.IndexOf(sizes.MinBy(s => Math.Abs(Math.Log(s / o.Params)))) : 0;
                // A little spread keeps runs of one grid level apart.
                double jitter = ((i * 0.618034) % 1 - 0.5) * 7;
                f.Circle(p.X[o.Tokens] + jitter, p.Y[v[i]], 2.8, $"soft s{near}");
            }
            if (learningRate)
                for (int k = 0; k < sizes.Count; k++)
                {
                    double n = sizes[k];
                    double[] At(double x) => fit.IncludesParams ? [n, x] : [x];
                    if (fit.LearningRate.IsIdentified && (k == 0 || k == sizes.Count - 1))
                        p.Band(
                            [.. Panel.Samples(low, high, true, 24)
                                .Select(x => (x, fit.LearningRateByGrid.Band(0.95, At(x)).Low,
                                    fit.LearningRateByGrid.Band(0.95, At(x)).High))], $"s{k}");
                    p.Curve(Panel.Samples(low, high, true, 2).Select(x => (x, fit.Propose(n, x).LearningRate!.Value)), $"curve s{k}");
                }
            else
            {
                p.Band(
                    [.. Panel.Samples(low, high, true, 24)
                        .Select(x => (x, fit.BatchByGrid.Band(0.95, x).Low, fit.BatchByGrid.Band(0.95, x).High))], "s0");
                p.Curve(Panel.Samples(low, high, true, 2).Select(x => (x, fit.Batch.Law.Predict(x))), "curve s0");
                p.Curve(Panel.Samples(low, high, true, 2).Select(x => (x, PublishedLaw.StepLaw.BatchTokens(new LawQuery(1, x))!.Value)),
                    "thin dash s1");
            }
        });
        if (learningRate)
            p.EndLabels(sizes.Select((n, k) =>
                (p.Y[Math.Clamp(fit.Propose(n, high).LearningRate!.Value, p.Y.Low, p.Y.High)], "N " + AxisScale.Short(n), $"s{k}")));
        else
            p.EndLabels([(p.Y[Math.Clamp(fit.Batch.Law.Predict(high), p.Y.Low, p.Y.High)], "this fit", "s0"),
                (p.Y[Math.Clamp(PublishedLaw.StepLaw.BatchTokens(new LawQuery(1, high))!.Value, p.Y.Low, p.Y.High)], "published", "s1")]);
        return f;
    }

    /// <summary>Residuals of the learning-rate law against D, in octaves.</summary>
    public static SvgFigure Residuals(StepLawFit fit, bool learningRate)
    {
        var f = new SvgFigure(learningRate ? "residuals-lr" : "residuals-batch",
            (learningRate ? "Learning rate" : "Batch size") + ", residuals", 470, 236,
            "Optima over the law's value, in factors of two. A trend would mean that the form is wrong.");
        double[] d = [.. fit.Optima.Select(o => o.Tokens)];
        double[] r = [.. (learningRate ? fit.LearningRate : fit.Batch).Linear.Residuals.Select(v => v / Math.Log(2))];
        double extent = Math.Max(1, r.Max(v => Math.Abs(v)) * 1.1);
        var p = new Panel(f, 54, 28, 400, 152, AxisScale.Around(d, true), true, (-extent, extent), false, "training tokens D",
            "octaves above the law");
        f.Line(p.Left, p.Y[0], p.Left + p.Width, p.Y[0], "thin s5");
        for (int i = 0; i < r.Length; i++)
            f.Circle(p.X[d[i]] + ((i * 0.618034) % 1 - 0.5) * 7, p.Y[r[i]], 2.8, learningRate ? "soft s3" : "soft s0",
                fit.Data.Grids[fit.Optima[i].GridIndex].Key);
        return f;
    }

    /// <summary>Bootstrap cloud of two of the learning rate's exponents.</summary>
    public static SvgFigure Cloud(StepLawFit fit)
    {
        var f = new SvgFigure("bootstrap-exponents", "Exponents of the learning rate, bootstrapped", 470, 316,
            "Each dot is a refit to resampled grids (purple) or resampled runs (grey). Runs of one grid are not independent, so grids are "
                + "the honest unit.");
        var grid = fit.LearningRateByGrid.Samples;
        var run = fit.LearningRateByRun.Samples;
        var all = grid.Concat(run).ToList();
        static (double, double) Range(IEnumerable<double> v)
        {
            var s = v.Order().ToArray();
            return AxisScale.Around([s[(int)(0.004 * s.Length)], s[(int)(0.996 * (s.Length - 1))]], false, 0.1);
        }
        var p = new Panel(f, 54, 28, 330, 232, Range(all.Append([0, -0.713, 0.307]).Select(s => s[1])), false,
            Range(all.Append([0, -0.713, 0.307]).Select(s => s[2])), false, "exponent of N", "exponent of D");
        p.Clipped("cloud", () =>
        {
            foreach (var s in run) f.Circle(p.X[s[1]], p.Y[s[2]], 1.6, "faint s5");
            foreach (var s in grid) f.Circle(p.X[s[1]], p.Y[s[2]], 1.8, "faint s3");
        });
        var law = fit.LearningRate.Law;
        f.Circle(p.X[law["N"]], p.Y[law["D"]], 4.5, "s3 dot mark");
        f.Text(p.X[law["N"]] + 8, p.Y[law["D"]] + 4, "this fit", "lab s3 halo");
        if (-0.713 > p.X.Low && -0.713 < p.X.High && 0.307 > p.Y.Low && 0.307 < p.Y.High)
        {
            f.Diamond(p.X[-0.713], p.Y[0.307], 5, "s1 dot mark");
            f.Text(p.X[-0.713] + 9, p.Y[0.307] + 4, "published", "lab s1 halo");
        }
        return f;
    }

    private static void Plateau(Panel p, QuadraticSurface s)
    {
        // {x : ½ xᵀHx = 0.25 %}: the unit circle through the inverse Cholesky factor.
        double l11 = Math.Sqrt(s.H11), l21 = s.H12 / l11, l22 = Math.Sqrt(s.H22 - l21 * l21),
            r = Math.Sqrt(2 * SweepOptima.NearOptimalTolerance);
        p.Curve(Enumerable.Range(0, 49).Select(k =>
        {
            double t = 2 * Math.PI * k / 48, b = r * Math.Sin(t) / l22, a = (r * Math.Cos(t) - l21 * b) / l11;
            return (Math.Exp(s.LogLearningRate + a), Math.Exp(s.LogBatch + b));
        }), "ink thin dash");
    }

    internal static string Label(string key) => key switch
    {
        "fitted" => "this fit",
        "step-law" => "Step Law",
        "deepseek" => "DeepSeek",
        "porian" => "Porian et al.",
        "openai" => "OpenAI",
        "minicpm" => "MiniCPM (batch)",
        "best-fixed" => "best fixed setting",
        _ => key,
    };
}
