using System.Globalization;
using AutoPeft.Reporting;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Figures;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Prediction;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Reports;

/// <summary>Options of <see cref="LossLawReport.Run"/>.</summary>
public sealed record LossLawReportOptions
{
    /// <summary>Options of the loss law's fit: objective, threshold, starts and threads.</summary>
    public LossLawFitOptions Fit { get; init; } = new();
    /// <summary>Bootstrap samples. Default 1,000.</summary>
    public int BootstrapSamples { get; init; } = 1000;
    /// <summary>Seed of the bootstraps' random numbers. Default 0.</summary>
    public ulong Seed { get; init; }
    /// <summary>Whether to hold out the runs of most compute and predict them. Default: yes.</summary>
    public bool HeldOut { get; init; } = true;
}

/// <summary>A loss law fitted by three approaches, with its uncertainty. Report of <c>fit chinchilla</c>.</summary>
public sealed class LossLawReport : IFitReport
{
    /// <summary>Beyond so many runs the intervals are linearised and resampling is left out: both then say the same.</summary>
    private const int ResampleRows = 20_000;

    /// <summary>Beyond so many runs the second route, other forms and held-out refits are left out, and the runs of the JSON.</summary>
    internal const int SideCheckRows = 5_000;

    private LossLawReport(LossPoints points, LossLawReportOptions options, CancellationToken cancel)
    {
        Options = options;
        Fit = LossLawFit.Fit(points, options.Fit, cancel);
        bool many = points.Count > ResampleRows;
        Bootstrap = LossLawBootstrap.Run(Fit, many ? 0 : options.BootstrapSamples, ResampleUnit.Run, options.Seed, cancel);
        Clustered = LossLawBootstrap.Run(Fit, many ? 0 : options.BootstrapSamples, ResampleUnit.Cluster, options.Seed, cancel);
        IsoFlop = IsoFlop.Fit(points);
        Envelope = FrontierEnvelope.Fit(points);
        Identified = Fit.Identifiability.Unidentified.Count == 0;
        Uncertainty = LossLawUncertainty.Of(points, Fit.Law);
        Intervals = Identified ? ParameterNames.ToDictionary(p => p, p => Uncertainty.Parameter(p)) : [];
        bool small = points.Count <= SideCheckRows;
        if (small && Identified && options.Fit.Objective == LossObjective.HuberSum) SecondRoute = TrySecondRoute(points, options.Fit.Delta);
        OverTraining = small && Identified ? TryOverTraining(points, options.Fit.Delta) : null;
        HeldOut = options.HeldOut && small ? LossHeldOut.RunAll(points, options.Fit) : [];
        Backtest = options.HeldOut && Identified ? Backtest.Run(points, cancel: cancel) : new Backtest([], double.NaN, double.NaN, 0);
        Splits = LawSplit.Find(Fit.Residuals, points.Others);
        Residuals = ResidualSummary.Of(Fit.Residuals, points.Rows, HuberLossObjective.ParameterCount);
    }

    /// <summary>What has an interval: the coefficients, and a, the exponent of compute-optimal N.</summary>
    internal static readonly string[] ParameterNames = ["A", "B", "E", "alpha", "beta", "a"];

    /// <summary>What the runs say about their noise, and intervals under it.</summary>
    public LossLawUncertainty Uncertainty { get; }
    /// <summary>95 % intervals of A, B, E, alpha, beta and a; empty where the design does not identify the parameters.</summary>
    public IReadOnlyDictionary<string, Interval> Intervals { get; }
    /// <summary>Rolling-origin backtests on these runs.</summary>
    public Backtest Backtest { get; }
    /// <summary>Columns that split the law.</summary>
    public IReadOnlyList<LawSplit> Splits { get; }
    /// <summary>How far the runs lie from the law.</summary>
    public ResidualSummary Residuals { get; }

    /// <summary>Options that the report was made with.</summary>
    public LossLawReportOptions Options { get; }
    /// <summary>The loss law fitted to all runs: approach 3 of Hoffmann et al.</summary>
    public LossLawFit Fit { get; }
    /// <summary>Bootstrap by single runs, as the published refits did.</summary>
    public LossLawBootstrap Bootstrap { get; }
    /// <summary>Bootstrap by clusters of one N.</summary>
    public LossLawBootstrap Clustered { get; }
    /// <summary>isoFLOP profiles and their minima: approach 2 of Hoffmann et al.</summary>
    public IsoFlop IsoFlop { get; }
    /// <summary>Envelope of least loss over compute: approach 1 of Hoffmann et al.</summary>
    public FrontierEnvelope Envelope { get; }
    /// <summary>The minimum by variable projection (Huber sum only).</summary>
    public (LossLaw Law, double Value)? SecondRoute { get; }
    /// <summary>The over-training form on the same points, with its Huber sum; null where it did not converge.</summary>
    public (OverTrainingLaw Law, double Value)? OverTraining { get; }
    /// <summary>Predictions of runs that the fit did not see.</summary>
    public IReadOnlyList<LossHeldOut> HeldOut { get; }
    /// <summary>Whether the design determines all five parameters.</summary>
    public bool Identified { get; }

    /// <summary>Fits and gathers everything the report needs.</summary>
    public static LossLawReport Run(LossPoints points, LossLawReportOptions? options = null, CancellationToken cancel = default) =>
        new(points, options ?? new LossLawReportOptions(), cancel);

    private IReadOnlyList<SvgFigure>? _figures;

    /// <inheritdoc/>
    public IReadOnlyList<SvgFigure> Figures => _figures ??=
    [
        // What rests on single parameters is drawn only where the design determines them.
        .. Identified && Bootstrap.Samples.Count > 20
            ? [LossCharts.Frontier(Fit, Bootstrap), LossCharts.Allocation(Fit, Bootstrap, IsoFlop, Envelope)]
            : Array.Empty<SvgFigure>(),
        .. Identified ? [LossCharts.LossByTokens(Fit), LossCharts.Reducible(Fit)] : Array.Empty<SvgFigure>(),
        LossCharts.PredictedAgainstSeen(Fit),
        .. IsoFlop.Profiles.Count > 1 ? [LossCharts.IsoFlops(IsoFlop)] : Array.Empty<SvgFigure>(),
        .. Identified && Bootstrap.Samples.Count > 20 ? [LossCharts.Cloud(Fit, Bootstrap)] : Array.Empty<SvgFigure>(),
        LossCharts.Residuals(Fit, overN: true), LossCharts.Residuals(Fit, overN: false),
        .. Backtest.Points.Count > 0 ? [LossCharts.Backtests(Backtest)] : Array.Empty<SvgFigure>(),
    ];

    /// <summary>Warnings about the data and the fit, one sentence each; empty where nothing is suspect.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. Fit.Points.Warnings,
        .. Fit.Warnings,
        .. Splits.Select(x => x.Message),
        .. Residuals.Outliers is { } outliers ? [outliers] : Array.Empty<string>(),
        .. Bootstrap.Failed * 20 > Options.BootstrapSamples
            ? new[] { $"{Bootstrap.Failed} of {Options.BootstrapSamples} bootstrap refits ended on a bound and were left out; the "
                + $"intervals are too narrow" }
            : [],
        .. SecondRoute is { } s && s.Value < Fit.Value * (1 - 1e-6)
            ? new[] { "variable projection found a lower minimum than the starts did; widen the grid of starts" }
            : [],
        .. IsoFlop.Exponent is { } a2 && Identified && Math.Abs(a2 - Fit.Law.ComputeExponent) > 0.05
            ? new[] { FormattableString.Invariant(
                $"approaches 2 and 3 disagree on the exponent of N_opt: {a2:0.00} and {Fit.Law.ComputeExponent:0.00}") } : [],
    ];

    internal string ObjectiveName => Options.Fit.Objective == LossObjective.HuberSum ? "huber-sum" : "huber-likelihood";

    /// <summary>Names a published refit where the settings are its settings.</summary>
    private string Method => Options.Fit.Objective == LossObjective.HuberSum
        ? "Σ Huber(ln L̂ − ln L), the objective that Hoffmann et al. (2022) state, as a sum"
        : "Huber likelihood with a free scale, the objective of Besiroglu et al. (2024)";

    /// <inheritdoc/>
    public string ToJson() => LossLawJson.Of(this).ToJsonString(JsonValues.Indented);

    /// <inheritdoc/>
    public string ToHtml()
    {
        var page = new HtmlPage("Loss law", $"{Fit.Points.Count} runs · {Method}");
        page.Paragraph(LawText, "law");
        page.Warnings(Warnings);
        page.Cards(
        [
            (Identified ? F(Fit.Law.ComputeExponent, "0.000") : "–", "a: compute-optimal N grows as C^a"),
            (F(Math.Sqrt(Fit.Residuals.Average(r => r * r)) * 1000) + " ‰", "root mean square residual of log loss"),
            ($"{Fit.Starts.Global:N0} of {Fit.Starts.Total:N0}", "starts that ended in the global basin"),
            (F(Fit.Identifiability.CentredConditionNumber, "0"),
                FormattableString.Invariant($"condition number, centred ({Fit.Identifiability.ConditionNumber:0} raw)")),
        ]);
        page.Table(["parameter", "estimate", "95 %", "95 %, runs resampled", "95 %, model sizes resampled", "variance inflation"],
            Parameters());
        page.Paragraph(NoiseText + ".", "note");
        page.Paragraph(
            "The parameters are strongly correlated: intervals on single constants overstate what is unknown about predictions. Read the "
                + "bands in the figures.", "note");
        page.Heading("Frontier and allocation");
        page.Figures(Figures.Where(f => f.Name is "frontier" or "allocation" or "isoflop" or "bootstrap-exponents"));
        page.Table(["exponent of N_opt", "a", "from"], Approaches());
        if (Identified && Bootstrap.Samples.Count > 20)
        {
            page.Heading("Compute-optimal training");
            page.Table(["compute, FLOP", "N", "D", "D/N", "loss", "95 % of runs"], Budgets());
        }
        if (HeldOut.Count > 0)
        {
            page.Heading("On runs that were held out");
            page.Table(["protocol", "runs", "this form, refitted", "bias", "Chinchilla refit (2024)", "constant loss"],
                HeldOut.Select(h => (IReadOnlyList<string>)[h.Name, h.Count.ToString(CultureInfo.InvariantCulture),
                    Permille(h.MeanAbsolute), Permille(h.Bias), Permille(h.PublishedMeanAbsolute), Permille(h.ConstantMeanAbsolute)]));
            page.Paragraph("Mean absolute error of log loss on runs that the refit did not see.", "note");
        }
        if (BacktestText is { } backtests)
        {
            page.Heading("Backtests");
            page.Paragraph(backtests + ".");
            page.Figures(Figures.Where(f => f.Name == "backtests"));
        }
        page.Heading("Is the fit sound?");
        page.Figures(Figures.Where(f => f.Name is "loss-by-tokens" or "reducible-loss" or "predicted-seen"));
        page.Figures(Figures.Where(f => f.Name.StartsWith("residuals", StringComparison.Ordinal)));
        if (SecondRoute is { } s)
            page.Paragraph(
                string.Create(CultureInfo.InvariantCulture,
                    $"Variable projection, an independent route to the same minimum: A {s.Law.A:0.###}, B {s.Law.B:0.###}, "
                    + $"E {s.Law.E:0.000000}, α {s.Law.Alpha:0.000000}, β {s.Law.Beta:0.000000}, objective {s.Value:G10}."), "note");
        if (OverTraining is { } o)
            page.Paragraph(
                string.Create(CultureInfo.InvariantCulture,
                    $"Over-training form (one exponent): L = {o.Law.E:0.0000} + {o.Law.A:G4}·N^{o.Law.C:0.0000} "
                    + $"+ {o.Law.B:G4}·6^(c/2)·D^{o.Law.C:0.0000}, objective {o.Value:G6} against {HuberSum:G6}."), "note");
        page.List("What was read, and how", Fit.Points.Notes);
        return page.ToString();
    }

    /// <inheritdoc/>
    public void WriteConsole(TextWriter w)
    {
        foreach (var n in Fit.Points.Notes) w.WriteLine("  " + n);
        w.WriteLine();
        w.WriteLine($"{Fit.Points.Count} runs; {Method}");
        w.WriteLine("  " + LawText);
        w.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  objective {Fit.Value:G10}; {Fit.Starts.Global} of {Fit.Starts.Total} starts ended in the global basin; "
            + $"condition number {Fit.Identifiability.ConditionNumber:0} ({Fit.Identifiability.CentredConditionNumber:0} centred)"));
        w.WriteLine();
        PlainTable.Write(w, ["parameter", "estimate", "95 %", "runs resampled", "sizes resampled", "inflation"], Parameters());
        w.WriteLine("  " + NoiseText);
        w.WriteLine("  " + Residuals.Text);
        w.WriteLine();
        PlainTable.Write(w, ["exponent of N_opt", "a", "from"], Approaches());
        foreach (var h in HeldOut)
            w.WriteLine($"  {h.Name}: {h.Count} runs, mean error {Permille(h.MeanAbsolute)}, bias {Permille(h.Bias)}; Chinchilla refit "
                + $"{Permille(h.PublishedMeanAbsolute)}");
        if (BacktestText is { } backtests) w.WriteLine("  " + backtests);
        foreach (var x in Warnings) w.WriteLine("! " + x);
    }

    private string NoiseText
    {
        get
        {
            var (run, size) = Uncertainty.Noise;
            string shared = Uncertainty.SharedProbability < 0.05 ? "runs of one model size share no effect that could be seen"
                : $"runs of one model size share an effect of {Permille(size)} with probability {F(Uncertainty.SharedProbability)}";
            return $"intervals: profiles under noise of {Permille(run)} a run; {shared}";
        }
    }

    private string? BacktestText => Backtest.Points.Count == 0 ? null : FormattableString.Invariant(
        $"backtests: {Backtest.Origins} origins, {Backtest.Points.Count} runs of ≥ 5 times the compute; median error {Permille(
            Backtest.MedianError)}; ")
        + (double.IsNaN(Backtest.Coverage)
            ? "one origin is too few to measure coverage"
            : FormattableString.Invariant($"the 90 % band held {Backtest.Coverage * 100:0} %"));

    private string LawText
    {
        get
        {
            string V(string name, double v, string format) => Fit.Identifiability.Unidentified.Contains(name) ? "?" : F(v, format);
            var l = Fit.Law;
            return $"L(N, D) = {V("E", l.E, "0.0000")} + {V("A", l.A, "0.0")}/N^{V("alpha", l.Alpha, "0.0000")} + "
                + $"{V("B", l.B, "0.0")}/D^{V("beta", l.Beta, "0.0000")}";
        }
    }

    private double HuberSum =>
        Options.Fit.Objective == LossObjective.HuberSum ? Fit.Value : Fit.Objective.Value(Fit.Theta, Options.Fit.Delta) * Options.Fit.Delta;

    private IEnumerable<IReadOnlyList<string>> Parameters()
    {
        (string Name, string Key, Func<LossLaw, double> Of, string Format, int Vif)[] rows =
        [
            ("A", "A", l => l.A, "0.000", 0), ("B", "B", l => l.B, "0.000", 1), ("E", "E", l => l.E, "0.000000", 2),
            ("α", "alpha", l => l.Alpha, "0.0000000", 3), ("β", "beta", l => l.Beta, "0.0000000", 4),
            ("a = β/(α+β)", "alpha", l => l.ComputeExponent, "0.0000", -1),
        ];
        foreach (var r in rows)
        {
            bool known = !Fit.Identifiability.Unidentified.Contains(r.Key);
            string Ci(LossLawBootstrap b) => known && b.Samples.Count > 1 ? Range(b.Band(r.Of)) : "–";
            yield return [r.Name, known ? F(r.Of(Fit.Law), r.Format) : "not identified",
                known && Intervals.TryGetValue(r.Vif < 0 ? "a" : r.Key, out var i) ? Range(i) : "–",
                Ci(Bootstrap), Ci(Clustered), known && r.Vif >= 0 ? F(Fit.Identifiability.VarianceInflation[r.Vif], "0") : "–"];
        }
    }

    private static string Range(Interval i) => double.IsNaN(i.Low) ? "–" : $"{G(i.Low)} … {G(i.High)}";

    private IEnumerable<IReadOnlyList<string>> Approaches()
    {
        string A(double? a, Interval band) =>
            a is { } v
                ? double.IsNaN(band.Low) ? F(v, "0.000") : $"{F(v, "0.000")} ({F(band.Low, "0.000")} … {F(band.High, "0.000")})"
                : "–";
        yield return ["approach 1", A(Envelope.Exponent, Envelope.ExponentBand),
            $"{Envelope.Indices.Count} runs on the envelope (final losses only: coarse)"];
        yield return ["approach 2", A(IsoFlop.Exponent, IsoFlop.ExponentBand),
            $"{IsoFlop.Profiles.Count(p => p.OptimalN is not null)} of {IsoFlop.Profiles.Count} isoFLOP profiles with a minimum inside, "
                + $"budgets {(IsoFlop.StatesCompute ? "as stated" : "of 6·N·D")}"];
        yield return ["approach 3", Identified ? A(Fit.Law.ComputeExponent, Intervals["a"]) : "–", "the fitted law"];
    }

    private IEnumerable<IReadOnlyList<string>> Budgets()
    {
        double top = Fit.Points.Compute.Max();
        for (int e = (int)Math.Floor(Math.Log10(top)) - 2; e <= (int)Math.Floor(Math.Log10(top)) + 2; e++)
        {
            double c = Math.Pow(10, e);
            var (n, d) = Fit.Law.Optimal(c);
            var band = Uncertainty.Predict(n, d, c / top, Backtest.FormRate).RunBand;
            yield return [$"1e{e}", AxisScale.Short(n), AxisScale.Short(d), F(d / n, "0.0"), F(Fit.Law.Frontier(c), "0.0000"),
                $"{F(band.Low, "0.0000")} … {F(band.High, "0.0000")}"];
        }
    }

    private static (LossLaw, double)? TrySecondRoute(LossPoints points, double delta)
    {
        try
        {
            return VariableProjection.Fit(points, delta);
        }
        catch (MathNet.Numerics.Optimization.OptimizationException)
        {
            return null; // a simplex that shrinks on nearly noise-free data: the report goes on without the second opinion
        }
    }

    private static (OverTrainingLaw, double)? TryOverTraining(LossPoints points, double delta)
    {
        try
        {
            var (law, fit) = OverTrainingFit.Fit(points, delta);
            return (law, fit.Objective);
        }
        catch (ScalingDataException)
        {
            return null; // a side dish: the report goes on without it
        }
    }

    private static string F(double v, string format = "0.00") => v.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−');
    private static string G(double v) => v.ToString("G4", CultureInfo.InvariantCulture).Replace('-', '−');
    private static string Permille(double v) => double.IsNaN(v) ? "–" : F(v * 1000) + " ‰";
}
