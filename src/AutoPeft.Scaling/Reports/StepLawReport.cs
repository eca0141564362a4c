using System.Globalization;
using AutoPeft.Reporting;
using AutoPeft.Scaling.Figures;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Optima;
using AutoPeft.Scaling.Sweeps;

namespace AutoPeft.Scaling.Reports;

/// <summary>Report of a Step Law fit: tables, figures, a page and JSON.</summary>
public sealed class StepLawReport(StepLawFit fit, HeldOutResult? elsewhere = null) : IFitReport
{
    /// <summary>The Step Law fit that the report shows.</summary>
    public StepLawFit Fit { get; } = fit;

    /// <summary>How it did on grids from another file; null where none was given.</summary>
    public HeldOutResult? Elsewhere { get; } = elsewhere;

    /// <inheritdoc/>
    public IReadOnlyList<SvgFigure> Figures => _figures ??=
    [
        SweepCharts.Law(Fit, learningRate: true), SweepCharts.Law(Fit, learningRate: false),
        SweepCharts.Gaps("gaps", "Gap to the optimum, in sample", Fit.Gaps,
            "Each dot is one grid; bars are means. The least of many noisy losses is too low, so even the true optimum would show a gap "
                + "of the winner's curse here."),
        .. Fit.HeldOut.Take(1)
            .Select(h => SweepCharts.Gaps("gaps-held-out", "Gap to the optimum, leaving one grid out", h.Rules,
                "The fit and the best fixed setting see all grids but the one they are tested on.")),
        .. HasCloud ? [SweepCharts.Cloud(Fit)] : Array.Empty<SvgFigure>(),
        SweepCharts.Residuals(Fit, learningRate: true), SweepCharts.Residuals(Fit, learningRate: false),
        SweepCharts.SurfaceLegend(), .. Fit.Data.Grids.Select((g, i) => SweepCharts.LossSurface(g, Fit.Surfaces[g.Key], Fit, i)),
    ];

    private IReadOnlyList<SvgFigure>? _figures;
    private bool HasCloud => Fit.IncludesParams && Fit.LearningRate.IsIdentified && Fit.LearningRateByGrid.Samples.Count > 20;

    /// <summary>The learning rate's law as text, or what of it is known.</summary>
    public string LearningRateText => !Fit.LearningRate.IsIdentified ? "not identified: N and D move together"
        : Fit.IncludesParams ? Fit.LearningRate.Law.ToString() : $"{Fit.LearningRate.Law} at this N";

    /// <summary>The batch size's law as text.</summary>
    public string BatchText => $"{Fit.Batch.Law} tokens";

    /// <inheritdoc/>
    public string ToJson() => StepLawJson.Of(this).ToJsonString(JsonValues.Indented);

    /// <inheritdoc/>
    public string ToHtml()
    {
        var page = new HtmlPage("Learning rate and batch size laws",
            $"{Path.GetFileName(Fit.Data.Source)} · {Fit.Data.Grids.Count} grids, {Fit.Data.Runs.Count():N0} runs, "
                + $"{Fit.Data.DivergedCount} diverged · recipe: {RecipeName}, {Fit.Optima.Count} optima");
        AddSummary(page);
        page.Heading("The laws");
        page.Figures(FiguresOf("law-"));
        AddGaps(page);
        if (Fit.HeldOut.Count > 0) AddHeldOut(page);
        page.Heading("Is the fit sound?");
        page.Figures(Figures.Where(
            g => g.Name.StartsWith("bootstrap", StringComparison.Ordinal) || g.Name.StartsWith("residuals", StringComparison.Ordinal)));
        AddSurfaces(page);
        AddComparison(page);
        page.List("What was read, and how", Fit.Data.Notes);
        return page.ToString();
    }

    private IEnumerable<SvgFigure> FiguresOf(string prefix) => Figures.Where(g => g.Name.StartsWith(prefix, StringComparison.Ordinal));

    private void AddSummary(HtmlPage page)
    {
        page.Paragraph($"lr = {LearningRateText}", "law");
        page.Paragraph($"batch = {BatchText}", "law");
        page.Warnings(Fit.Warnings);
        var loo = Fit.HeldOut.Count > 0 ? Fit.HeldOut[0] : null;
        page.Cards(
        [
            ($"{F(Fit.LearningRate.R2)} · {F(Fit.Batch.R2)}", "R² in log space, learning rate · batch"),
            (Permille(Fit.Gaps[0].Nearest.Mean), "mean gap of this fit, nearest run, in sample"),
            .. loo is null ? [] : new[] { (Permille(loo.Rules[0].Nearest.Mean), "the same on grids left out") },
            (Permille(Fit.Gaps.First(g => g.Rule.Key == "best-fixed").Nearest.Mean), "mean gap of the best fixed setting"),
        ]);
        page.Table(["coefficient", "estimate", "95 %, grids resampled", "95 %, runs resampled"], Coefficients());
        page.Paragraph(
            "Intervals that resample grids are the honest ones: runs of one grid share its quirks. A law with a narrow band can still be "
                + "wrong in form; the residuals and the held-out gaps say whether it is.", "note");
    }

    private void AddGaps(HtmlPage page)
    {
        page.Heading("How far from the optimum");
        page.Paragraph("Relative loss above each grid's optimum, in thousandths. “Nearest” takes the closest run, “bilinear” "
            + "interpolates between runs; both are measured from the best run seen. “Quadratic” is measured on a surface fitted "
            + "through each grid's near-optimal region and is free of noise and of the winner's curse; “corrected” measures the "
            + "nearest run from that surface's minimum.");
        page.Table(GapHeader, GapRows(Fit.Gaps));
        page.Figures(FiguresOf("gaps"));
    }

    private void AddHeldOut(HtmlPage page)
    {
        page.Heading("On grids that were held out");
        page.Table(["protocol", "grids", .. Fit.HeldOut[0].Rules.Select(r => SweepCharts.Label(r.Rule.Key))],
            Fit.HeldOut.Append(Elsewhere).OfType<HeldOutResult>()
                .Select(h => (IReadOnlyList<string>)[Protocol(h.Protocol), h.TestGrids.ToString(CultureInfo.InvariantCulture),
                    .. h.Rules.Select(r => Permille(r.Nearest.Mean))]));
        page.Paragraph(
            "Mean gap by the nearest run. Fit and best fixed setting are refitted without the tested grids; published laws stay as "
                + "they are.", "note");
    }

    private void AddSurfaces(HtmlPage page)
    {
        page.Heading("Loss surfaces");
        page.Paragraph("Every grid's losses over learning rate and batch size. The plateau is wide: within 2.5 ‰ of the best, learning "
            + "rates may differ by the factor listed below.");
        page.Figures(Figures.Where(g => g.Name == "surface-legend"), "legend");
        page.Figures(FiguresOf("surface-").Where(g => g.Name != "surface-legend"), "small");
        page.Table(
            ["grid", "runs", "diverged", "least loss", "surface minimum", "winner's curse", "noise floor", "plateau, lr", "plateau, batch"],
            GridRows());
    }

    private void AddComparison(HtmlPage page)
    {
        page.Heading("Laws compared");
        page.Table(["law", "learning rate", "batch", "source"],
            PublishedLaw.All.Select(l => (IReadOnlyList<string>)[l.Name, l.LearningRateFormula, l.BatchFormula, l.Source]));
        if (Fit.PowerScheduler is { } ps)
            page.Paragraph(
                string.Create(CultureInfo.InvariantCulture,
                    $"The Power scheduler's form on the same optima: lr = batch · {ps.Law.A:G4} · D^{ps.Law.B:0.###}, "
                    + $"batch in sequences of 2,048 tokens (R² {ps.R2:0.00})."), "note");
    }

    /// <inheritdoc/>
    public void WriteConsole(TextWriter w)
    {
        foreach (var n in Fit.Data.Notes) w.WriteLine("  " + n);
        w.WriteLine();
        w.WriteLine($"{Fit.Data.Grids.Count} grids, {Fit.Optima.Count} optima by the recipe {RecipeName}");
        w.WriteLine($"  lr    = {LearningRateText}   R² {F(Fit.LearningRate.R2)}");
        w.WriteLine($"  batch = {BatchText}   R² {F(Fit.Batch.R2)}");
        w.WriteLine();
        PlainTable.Write(w, ["coefficient", "estimate", "95 % (grids)", "95 % (runs)"], Coefficients());
        w.WriteLine();
        w.WriteLine("gap to the optimum, ‰ (mean / median / max)");
        PlainTable.Write(w, ["law", "nearest", "bilinear", "quadratic"],
            Fit.Gaps.Select(
                g => (IReadOnlyList<string>)[SweepCharts.Label(g.Rule.Key), Three(g.Nearest), Three(g.Bilinear), Three(g.Quadratic)]));
        foreach (var h in Fit.HeldOut.Append(Elsewhere).OfType<HeldOutResult>())
            w.WriteLine($"  {Protocol(h.Protocol)} ({h.TestGrids} grids), mean: "
                + $"{string.Join(", ", h.Rules.Select(r => $"{SweepCharts.Label(r.Rule.Key)} {Permille(r.Nearest.Mean)}"))}");
        foreach (var warning in Fit.Warnings) w.WriteLine("! " + warning);
    }

    internal string RecipeName =>
        Fit.Options.Recipe switch { Recipe.Argmin => "argmin", Recipe.Quadratic => "quadratic", _ => "near-optimal" };

    private static readonly string[] GapHeader =
        ["law", "nearest: mean", "median", "max", "bilinear: mean", "quadratic: mean", "median", "max", "corrected: mean"];

    private static IEnumerable<IReadOnlyList<string>> GapRows(IEnumerable<RuleGaps> gaps) =>
        gaps.OrderBy(g => g.Nearest.Mean).Select(g => (IReadOnlyList<string>)
        [(g.Rule.Key == "fitted" ? "*" : "") + SweepCharts.Label(g.Rule.Key), Permille(g.Nearest.Mean), Permille(g.Nearest.Median),
            Permille(g.Nearest.Max), Permille(g.Bilinear.Mean),
            Permille(g.Quadratic.Mean), Permille(g.Quadratic.Median), Permille(g.Quadratic.Max), Permille(g.NearestCorrected.Mean)]);

    private IEnumerable<IReadOnlyList<string>> Coefficients()
    {
        var f = Fit;
        if (f.LearningRate.IsIdentified)
        {
            yield return ["learning rate: constant", f.LearningRate.Law.Constant.ToString("G4", CultureInfo.InvariantCulture),
                Ci(f.LearningRateByGrid.Ci(0).Map(Math.Exp), "G3"), Ci(f.LearningRateByRun.Ci(0).Map(Math.Exp), "G3")];
            for (int j = 0; j < f.LearningRate.Names.Count; j++)
                yield return [$"learning rate: exponent of {f.LearningRate.Names[j]}", F(f.LearningRate.Law.Exponents[j].Value, "0.0000"),
                    Ci(f.LearningRateByGrid.Ci(j + 1), "0.000"), Ci(f.LearningRateByRun.Ci(j + 1), "0.000")];
        }
        yield return ["batch: constant", f.Batch.Law.Constant.ToString("G4", CultureInfo.InvariantCulture),
            Ci(f.BatchByGrid.Ci(0).Map(Math.Exp), "G3"), Ci(f.BatchByRun.Ci(0).Map(Math.Exp), "G3")];
        yield return ["batch: exponent of D", F(f.Batch.Law["D"], "0.0000"), Ci(f.BatchByGrid.Ci(1), "0.000"),
            Ci(f.BatchByRun.Ci(1), "0.000")];
    }

    private IEnumerable<IReadOnlyList<string>> GridRows() => Fit.Data.Grids.Select(g =>
    {
        var s = Fit.Surfaces[g.Key];
        return (IReadOnlyList<string>)
        [
            g.Key, g.Runs.Count.ToString(CultureInfo.InvariantCulture),
            g.Runs.Count(r => r.Diverged).ToString(CultureInfo.InvariantCulture), F(g.MinLoss, "0.0000"),
            s is null ? "–" : F(s.MinLoss, "0.0000"), s is null ? "–" : Permille(s.MinLoss / g.MinLoss - 1),
            s is null ? "–" : Permille(s.NoiseSd),
            s is null ? "–" : "×/÷ " + F(s.PlateauFactors().LearningRate), s is null ? "–" : "×/÷ " + F(s.PlateauFactors().Batch),
        ];
    });

    internal static string Protocol(string key) => key switch
    {
        "leave-one-grid-out" => "leave one grid out",
        "largest-n" => "largest N held out",
        "largest-d" => "largest D held out",
        "largest-compute" => "most compute held out",
        "other-data" => "grids of the other file",
        _ => key,
    };

    private static string F(double v, string format = "0.00") => v.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−');
    private static string Ci(Numerics.Interval i, string format) =>
        double.IsNaN(i.Low) ? "–" : $"{F(i.Low, format)} … {F(i.High, format)}";
    private static string Permille(double v) => double.IsNaN(v) ? "–" : F(v * 1000) + " ‰";
    private static string Three(GapSummary g) =>
        double.IsNaN(g.Mean) ? "–" : $"{F(g.Mean * 1000)} / {F(g.Median * 1000)} / {F(g.Max * 1000)}";
}
