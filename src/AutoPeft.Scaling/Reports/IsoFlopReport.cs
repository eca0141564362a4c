using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Reporting;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Figures;
using AutoPeft.Scaling.Fitting;

namespace AutoPeft.Scaling.Reports;

/// <summary>IsoFLOP profiles on their own: minima, exponents and intervals, without a loss law.</summary>
public sealed class IsoFlopReport : IFitReport
{
    private readonly LossPoints _points;

    private IsoFlopReport(LossPoints points, IsoFlop fit) => (_points, Fit) = (points, fit);

    /// <summary>The profiles, their minima and the power laws through them.</summary>
    public IsoFlop Fit { get; }

    /// <inheritdoc/>
    public IReadOnlyList<SvgFigure> Figures => field ??= [LossCharts.IsoFlops(Fit)];

    /// <summary>Finds the isoFLOP profiles of runs and fits power laws to their minima.</summary>
    /// <exception cref="ScalingDataException">The runs hold no budget with four model sizes.</exception>
    public static IsoFlopReport Run(LossPoints points)
    {
        var fit = IsoFlop.Fit(points);
        if (fit.Profiles.Count == 0)
            throw new ScalingDataException("the runs hold no isoFLOP profile: no compute budget has runs of four model sizes or more. "
                + "State the compute column with --compute-column where budgets are not 6·N·D.");
        return new IsoFlopReport(points, fit);
    }

    /// <summary>Warnings about the data and the fit, one sentence each; empty where nothing is suspect.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. _points.Warnings,
        .. Fit.Exponent is null
            ? new[] { "fewer than three budgets have their minimum inside the runs: no exponent is given. Add smaller or larger models at "
                + "each budget" }
            : [],
        .. Fit.Profiles.Where(p => p.OptimalN is null)
            .Select(p => FormattableString.Invariant($"the budget of {p.Compute:G3} FLOP has no minimum inside its {p.N.Length} runs"))
            .Take(4),
        .. Fit.Scatter > 0
            ? new[] { FormattableString.Invariant(
                $"the minima scatter by {Fit.Scatter * 100:0} % beyond noise: the interval rests on the number of budgets") }
            : [],
        .. _points.StatesCompute
            ? []
            : new[] { "no compute column: budgets are windows of 6·N·D. Where true FLOP differ (embeddings, attention, experts) the "
                + "exponent is off" },
    ];

    /// <inheritdoc/>
    public string ToJson() => new JsonObject
    {
        ["kind"] = "isoflop",
        ["n"] = _points.Count,
        ["a"] = JsonValues.Number(Fit.Exponent),
        ["a_ci95"] = JsonValues.Pair(Fit.ExponentBand),
        ["k"] = JsonValues.Number(Fit.Constant),
        ["b"] = JsonValues.Number(Fit.TokenExponent),
        ["b_ci95"] = JsonValues.Pair(Fit.TokenExponentBand),
        ["compute"] = Fit.StatesCompute ? "stated" : "6ND",
        ["profiles"] = new JsonArray([.. Fit.Profiles.Select(p => (JsonNode?)new JsonObject
        {
            ["compute"] = p.Compute,
            ["runs"] = p.N.Length,
            ["N"] = JsonValues.Number(p.OptimalN),
            ["N_ci95"] = p.OptimalN is null ? null : JsonValues.Pair(p.OptimalNBand),
            ["D"] = p.OptimalN is null ? null : JsonValues.Number(p.OptimalTokens),
            ["loss"] = p.OptimalN is null ? null : JsonValues.Number(p.OptimalLoss),
        })]),
        ["warnings"] = JsonValues.Strings(Warnings),
        ["notes"] = JsonValues.Strings(_points.Notes),
    }.ToJsonString(JsonValues.Indented);

    /// <inheritdoc/>
    public string ToHtml()
    {
        var page = new HtmlPage("IsoFLOP profiles", $"{_points.Count} runs, {Fit.Profiles.Count} budgets");
        page.Paragraph(ExponentText, "law");
        page.Warnings(Warnings);
        page.Table(s_header, Rows());
        page.Figures(Figures);
        page.List("What was read, and how", _points.Notes);
        return page.ToString();
    }

    /// <inheritdoc/>
    public void WriteConsole(TextWriter w)
    {
        foreach (var n in _points.Notes) w.WriteLine("  " + n);
        w.WriteLine();
        string budgets = Fit.StatesCompute ? "as the compute column states them" : "of 6·N·D";
        w.WriteLine($"{_points.Count} runs, {Fit.Profiles.Count} budgets {budgets}");
        PlainTable.Write(w, s_header, Rows());
        w.WriteLine("  " + ExponentText);
        foreach (var x in Warnings) w.WriteLine("! " + x);
    }

    private static readonly string[] s_header = ["compute, FLOP", "runs", "N at the minimum", "95 %", "D", "D/N", "loss"];

    private string ExponentText => Fit.Exponent is { } a && Fit.TokenExponent is { } b
        ? string.Create(CultureInfo.InvariantCulture,
            $"N_opt ∝ C^{a:0.0000} (95 % {Fit.ExponentBand.Low:0.0000} … {Fit.ExponentBand.High:0.0000}), "
            + $"D_opt ∝ C^{b:0.0000} ({Fit.TokenExponentBand.Low:0.0000} … {Fit.TokenExponentBand.High:0.0000})")
        : "no exponent";

    private IEnumerable<IReadOnlyList<string>> Rows() => Fit.Profiles.Select(p => (IReadOnlyList<string>)(p.OptimalN is { } n
        ? [G(p.Compute), I(p.N.Length), AxisScale.Short(n),
            $"{AxisScale.Short(p.OptimalNBand.Low)} … {AxisScale.Short(p.OptimalNBand.High)}", AxisScale.Short(p.OptimalTokens),
            G(p.OptimalTokens / n), p.OptimalLoss.ToString("0.0000", CultureInfo.InvariantCulture)]
        : [G(p.Compute), I(p.N.Length), "outside", "–", "–", "–", "–"]));

    private static string G(double v) => v.ToString("G3", CultureInfo.InvariantCulture);
    private static string I(int v) => v.ToString(CultureInfo.InvariantCulture);
}
