using AutoPeft.Reporting;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Prediction;

namespace AutoPeft.Scaling.Figures;

/// <summary>Draws the figures of a fitted loss law.</summary>
public static class LossCharts
{
    /// <summary>Loss against compute: runs, the fitted frontier with its band, and where it settles.</summary>
    public static SvgFigure Frontier(LossLawFit fit, LossLawBootstrap bootstrap)
    {
        var f = new SvgFigure("frontier", "Compute-optimal frontier", 470, 316,
            "Dots: runs, darker for larger models. Line: least loss at each compute budget by the fitted law, with its 95 % band, "
                + "extended tenfold beyond the data.");
        var pts = fit.Points;
        double[] c = [.. pts.Compute];
        double far = c.Max() * 10;
        var p = new Panel(f, 54, 28, 396, 232, (c.Min() / 1.3, far), true,
            AxisScale.Around(pts.Loss.Append(fit.Law.Frontier(far)), true, 0.05), true, "training compute, FLOP",
            "loss, " + fit.Points.UnitName);
        var (n0, n1) = (Math.Log(pts.N.Min()), Math.Log(pts.N.Max()));
        foreach (int i in Shown(pts.Count))
        {
            int shade = (int)Math.Clamp(4 - 5 * (Math.Log(pts.N[i]) - n0) / (n1 - n0), 0, 4);
            p.Dot("runs", c[i], pts.Loss[i], 2.8, $"r{shade}", $"N {AxisScale.Short(pts.N[i])}, D {AxisScale.Short(pts.D[i])}");
        }
        p.Band(
            [.. Panel.Samples(c.Min(), far, true, 30).Select(x => (x, b: bootstrap.Band(l => l.Frontier(x))))
                .Select(q => (q.x, q.b.Low, q.b.High))], "s1");
        p.Curve(Panel.Samples(c.Min(), far, true).Select(x => (x, fit.Law.Frontier(x))), "curve s1");
        f.Text(p.X[far / 3] + 2, p.Y[fit.Law.Frontier(far / 3)] - 14, "frontier", "lab s1 halo");
        return f;
    }

    /// <summary>Compute-optimal N by the three approaches.</summary>
    public static SvgFigure Allocation(LossLawFit fit, LossLawBootstrap bootstrap, IsoFlop isoFlop, FrontierEnvelope envelope)
    {
        var f = new SvgFigure("allocation", "Compute-optimal model size, three ways", 470, 316,
            "Approach 3 is the fitted law, with its 95 % band; Approach 2 the isoFLOP vertices (rings) and their line; Approach 1 the "
                + "envelope of runs (small dots) and its line.");
        var pts = fit.Points;
        double[] c = [.. pts.Compute];
        double low = c.Min(), high = c.Max() * 10;
        var p = new Panel(f, 54, 28, 330, 232, (low, high), true,
            AxisScale.Around(
                new[] { fit.Law.Optimal(low).N, fit.Law.Optimal(high).N }.Concat(isoFlop.Profiles.Select(q => q.OptimalN ?? double.NaN)),
                true, 0.12), true, "training compute, FLOP", "parameters N");
        var labels = new List<(double, string, string)>();
        p.Clipped("alloc", () =>
        {
            p.Band(
                [.. Panel.Samples(low, high, true, 24).Select(x => (x, b: bootstrap.Band(l => l.Optimal(x).N)))
                    .Select(q => (q.x, q.b.Low, q.b.High))], "s1");
            p.Curve(Panel.Samples(low, high, true, 2).Select(x => (x, fit.Law.Optimal(x).N)), "curve s1");
            if (isoFlop is { Exponent: { } a2, Constant: { } k2 })
            {
                p.Curve(Panel.Samples(low, high, true, 2).Select(x => (x, k2 * Math.Pow(x, a2))), "curve dash s0");
                foreach (var q in isoFlop.Profiles.Where(q => q.OptimalN is not null))
                    p.Dot("runs", q.Compute, q.OptimalN!.Value, 4, "ring s0");
                labels.Add(
                    (p.Y[Math.Clamp(k2 * Math.Pow(high, a2), p.Y.Low, p.Y.High)], FormattableString.Invariant($"2: a = {a2:0.00}"), "s0"));
            }
            if (envelope is { Exponent: { } a1, Constant: { } k1 })
            {
                p.Curve(Panel.Samples(low, high, true, 2).Select(x => (x, k1 * Math.Pow(x, a1))), "thin dash s2");
                foreach (int i in envelope.Indices) p.Dot("runs", c[i], Math.Clamp(pts.N[i], p.Y.Low, p.Y.High), 2, "soft s2");
                labels.Add(
                    (p.Y[Math.Clamp(k1 * Math.Pow(high, a1), p.Y.Low, p.Y.High)], FormattableString.Invariant($"1: a = {a1:0.00}"), "s2"));
            }
        });
        labels.Add((p.Y[fit.Law.Optimal(high).N], FormattableString.Invariant($"3: a = {fit.Law.ComputeExponent:0.00}"), "s1"));
        p.EndLabels(labels);
        return f;
    }

    /// <summary>isoFLOP profiles: loss against model size, one curve for each compute budget.</summary>
    public static SvgFigure IsoFlops(IsoFlop isoFlop)
    {
        var f = new SvgFigure("isoflop", "IsoFLOP profiles", 470, 316,
            "Runs of like compute, a curve in ln N through each set, and its minimum. Labels: FLOP.");
        var shown = isoFlop.Profiles;
        var p = new Panel(f, 54, 28, 350, 232, AxisScale.Around(shown.SelectMany(q => q.N), true), true,
            AxisScale.Around(shown.SelectMany(q => q.Loss), true), true, "parameters N", "loss");
        var labels = new List<(double, string, string)>();
        for (int k = 0; k < shown.Count; k++)
        {
            var q = shown[k];
            string css = $"s{k * 5 / Math.Max(shown.Count, 1)}";
            for (int i = 0; i < q.N.Length; i++) p.Dot("runs", q.N[i], q.Loss[i], 2.4, "soft " + css);
            p.Clipped($"iso{k}",
                () => p.Curve(Panel.Samples(q.N.Min(), q.N.Max(), true, 40).Select(n => (n, Math.Max(q.At(n), p.Y.Low))), "thin " + css));
            if (q.OptimalN is { } best) p.Dot("runs", best, q.OptimalLoss, 4, "ring " + css);
            // Six labels at most: more would only push each other off their curves.
            int every = (shown.Count + 5) / 6;
            if (k % every == 0 || k == shown.Count - 1)
                labels.Add((p.Y[Math.Clamp(q.At(q.N.Max()), p.Y.Low, p.Y.High)], AxisScale.Short(q.Compute), css));
        }
        p.EndLabels(labels);
        return f;
    }

    /// <summary>Residuals of log loss against N or D.</summary>
    public static SvgFigure Residuals(LossLawFit fit, bool overN)
    {
        var f = new SvgFigure(overN ? "residuals-n" : "residuals-d", $"Residuals over {(overN ? "N" : "D")}", 470, 236,
            "ln of loss seen over loss fitted. A trend would mean that the form is wrong.");
        double extent = Math.Max(1e-6, fit.Residuals.Max(r => Math.Abs(r)) * 1.08);
        var p = new Panel(f, 54, 28, 400, 152, AxisScale.Around(overN ? fit.Points.N : fit.Points.D, true), true, (-extent, extent), false,
            overN ? "parameters N" : "training tokens D", "ln loss − ln fit");
        f.Line(p.Left, p.Y[0], p.Left + p.Width, p.Y[0], "thin s5");
        foreach (int i in Shown(fit.Points.Count))
            p.Dot("runs", overN ? fit.Points.N[i] : fit.Points.D[i], -fit.Residuals[i], 2.8, "soft s0",
                FormattableString.Invariant($"row {fit.Points.Rows[i]}: {-fit.Residuals[i]:0.0000}"));
        return f;
    }

    /// <summary>Loss against tokens, with the law's curve for each of at most six model sizes.</summary>
    public static SvgFigure LossByTokens(LossLawFit fit)
    {
        var f = new SvgFigure("loss-by-tokens", "Loss over tokens, by model size", 470, 316,
            "Dots: runs, coloured by the nearest of the sizes drawn. Lines: the fitted law at those sizes.");
        var pts = fit.Points;
        var p = new Panel(f, 54, 28, 330, 232, AxisScale.Around(pts.D, true), true, AxisScale.Around(pts.Loss, true), true,
            "training tokens D", "loss, " + pts.UnitName);
        double[] sizes = [.. Levels.Snap(pts.N).Distinct().Order()];
        if (sizes.Length > 6) sizes = [.. Enumerable.Range(0, 6).Select(k => sizes[k * (sizes.Length - 1) / 5])];
        foreach (int i in Shown(pts.Count))
        {
            int near = Array.IndexOf(sizes, sizes.MinBy(s => Math.Abs(Math.Log(s / pts.N[i]))));
            p.Dot(FormattableString.Invariant($"runs near N {sizes[near]:G4}"), pts.D[i], pts.Loss[i], 2.4, $"soft s{near}",
                $"N {AxisScale.Short(pts.N[i])}");
        }
        p.Clipped("lossd", () =>
        {
            for (int k = 0; k < sizes.Length; k++)
                p.Curve(Panel.Samples(pts.D.Min(), pts.D.Max(), true).Select(d => (d, fit.Law.Loss(sizes[k], d))), $"curve s{k}");
        });
        p.EndLabels(
            sizes.Select((n, k) => (p.Y[Math.Clamp(fit.Law.Loss(n, pts.D.Max()), p.Y.Low, p.Y.High)], "N " + AxisScale.Short(n), $"s{k}")));
        return f;
    }

    /// <summary>Reducible loss L − E against the law's, both logarithmic: a straight line where the form holds.</summary>
    public static SvgFigure Reducible(LossLawFit fit)
    {
        var f = new SvgFigure("reducible-loss", "Reducible loss", 470, 316,
            "Loss seen less the fitted E, against the law's A/N^α + B/D^β. Runs below E cannot be drawn. Bending away at the lower left "
                + "would mean that E is off.");
        var pts = fit.Points;
        int[] above = [.. Shown(pts.Count).Where(i => pts.Loss[i] > fit.Law.E)];
        double[] x = [.. above.Select(i => fit.Law.Loss(pts.N[i], pts.D[i]) - fit.Law.E)],
            y = [.. above.Select(i => pts.Loss[i] - fit.Law.E)];
        if (above.Length == 0) return f;
        var p = new Panel(
            f, 54, 28, 396, 232, AxisScale.Around(x, true), true, AxisScale.Around(y, true), true, "A/N^α + B/D^β", "L − E");
        p.Clipped("reducible", () => p.Curve([(x.Min(), x.Min()), (x.Max(), x.Max())], "thin dash s5"));
        for (int k = 0; k < above.Length; k++) p.Dot("runs", x[k], y[k], 2.6, "soft s0", $"row {pts.Rows[above[k]]}");
        return f;
    }

    /// <summary>Losses predicted against losses seen.</summary>
    public static SvgFigure PredictedAgainstSeen(LossLawFit fit)
    {
        var f = new SvgFigure("predicted-seen", "Predicted and seen", 470, 316, "Each dot is a run; on the line the law meets it.");
        var pts = fit.Points;
        double[] fitted = [.. pts.N.Select((n, i) => fit.Law.Loss(n, pts.D[i]))];
        var range = AxisScale.Around(pts.Loss.Concat(fitted), true);
        var p = new Panel(f, 54, 28, 396, 232, range, true, range, true, "loss predicted", "loss seen");
        p.Curve([(range.Low, range.Low), (range.High, range.High)], "thin dash s5");
        foreach (int i in Shown(pts.Count)) p.Dot("runs", fitted[i], pts.Loss[i], 2.6, "soft s0", $"row {pts.Rows[i]}");
        return f;
    }

    /// <summary>Errors of backtests over distance, with the 90 % band of the form's error.</summary>
    public static SvgFigure Backtests(Backtest backtest)
    {
        var f = new SvgFigure("backtests", "Backtests", 470, 236,
            "ln of loss seen over loss predicted by laws fitted to less compute; band: 90 % of the form's error alone.");
        double[] times = [.. backtest.Points.Select(q => q.Compute / q.Origin)];
        double extent = Math.Max(1e-6, backtest.Points.Max(q => Math.Abs(q.Error)) * 1.08);
        var p = new Panel(f, 54, 28, 400, 152, AxisScale.Around(times, true), true, (-extent, extent), false,
            "times the compute of the fit", "ln seen − ln predicted");
        double Half(double t) => 1.645 * backtest.FormRate * Math.Log(t);
        p.Clipped("backtests",
            () => p.Band([.. Panel.Samples(times.Min(), times.Max(), true, 30).Select(t => (t, -Half(t), Half(t)))], "s1"));
        f.Line(p.Left, p.Y[0], p.Left + p.Width, p.Y[0], "thin s5");
        foreach (var q in backtest.Points) p.Dot("predictions", q.Compute / q.Origin, q.Error, 2.6, "soft s0", $"row {q.Row}");
        return f;
    }

    // A figure of a million dots is a grey sheet of many megabytes: an even sample stands for them.
    private static IEnumerable<int> Shown(int count) => Enumerable.Range(0, count).Where(i => i % Math.Max(1, count / 4000) == 0);

    /// <summary>Bootstrap cloud of α and β.</summary>
    public static SvgFigure Cloud(LossLawFit fit, LossLawBootstrap bootstrap)
    {
        var f = new SvgFigure("bootstrap-exponents", "α and β, bootstrapped", 470, 316,
            "Each dot is a refit to resampled runs. Along the line through the origin the compute-optimal exponent a = β/(α + β) "
                + "stays as fitted.");
        var s = bootstrap.Samples;
        var alpha = s.Select(v => v[3]).Order().ToArray();
        var beta = s.Select(v => v[4]).Order().ToArray();
        int cut = (int)(0.003 * s.Count);
        var p = new Panel(f, 54, 28, 396, 232, AxisScale.Around(alpha[cut..^Math.Max(cut, 1)], false, 0.1), false,
            AxisScale.Around(beta[cut..^Math.Max(cut, 1)], false, 0.1), false, "α", "β");
        p.Clipped("cloudab", () =>
        {
            p.Curve([(p.X.Low, p.X.Low * fit.Law.Beta / fit.Law.Alpha), (p.X.High, p.X.High * fit.Law.Beta / fit.Law.Alpha)],
                "thin dash s5");
            foreach (var v in s) p.Dot("runs", v[3], v[4], 1.8, "faint s0");
        });
        p.Dot("runs", fit.Law.Alpha, fit.Law.Beta, 4.5, "s1 dot mark");
        f.Text(p.X[fit.Law.Alpha] + 8, p.Y[fit.Law.Beta] + 14, "fit", "lab s1 halo");
        return f;
    }
}
