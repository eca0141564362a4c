using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Reporting;
using AutoPeft.Scaling.Register;

namespace AutoPeft.Scaling.Reports;

/// <summary>Report of a comparison of laws.</summary>
/// <param name="comparison">The comparison.</param>
/// <param name="notes">What was decided while reading.</param>
public sealed class ComparisonReport(LawComparison comparison, IReadOnlyList<string> notes) : IFitReport
{
    private static readonly string[] s_header =
        ["law", "parameters", "mean |residual|", "extrapolation", "AICc", "Akaike weight", "stack", ""];

    /// <inheritdoc/>
    public IReadOnlyList<SvgFigure> Figures => [];

    /// <inheritdoc/>
    public string ToJson() => new JsonObject
    {
        ["kind"] = "comparison",
        ["n"] = comparison.Count,
        ["laws"] = new JsonArray([.. comparison.Laws.Select(l => (JsonNode?)new JsonObject
        {
            ["key"] = l.Law.Key,
            ["formula"] = l.Law.Formula,
            ["parameters"] = new JsonObject([.. l.Fit.Names.Select((n, k) => KeyValuePair.Create(n, JsonValues.Number(l.Fit.Values[k])))]),
            ["unidentified"] = JsonValues.Strings(l.Fit.Unidentified),
            ["mean_abs_residual"] = JsonValues.Number(l.Fit.Residuals.Average(Math.Abs)),
            ["extrapolation_error"] = JsonValues.Number(l.ExtrapolationError),
            ["aicc"] = JsonValues.Number(l.Aic),
            ["akaike_weight"] = JsonValues.Number(l.AkaikeWeight),
            ["stacking_weight"] = JsonValues.Number(l.StackingWeight),
        })]),
        ["stacked_extrapolation_error"] = JsonValues.Number(comparison.StackedError),
        ["not_fitted"] =
            new JsonObject([.. comparison.Left.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)JsonValue.Create(l.Reason)))]),
    }.ToJsonString(JsonValues.Indented);

    /// <inheritdoc/>
    public string ToHtml()
    {
        var page = new HtmlPage("Laws compared", $"{comparison.Count} runs");
        page.Table(s_header, comparison.Rows());
        page.Paragraph(StackText, "note");
        foreach (var l in comparison.Laws) page.Paragraph($"{l.Law.Key}: {l.Law.Formula}. {l.Law.Source}. {l.Law.Pitfall}.", "note");
        page.List("Laws that were not fitted", comparison.Left.Select(l => $"{l.Key}: {l.Reason}"));
        page.List("What was read, and how", notes);
        return page.ToString();
    }

    /// <inheritdoc/>
    public void WriteConsole(TextWriter w)
    {
        foreach (var n in notes) w.WriteLine("  " + n);
        PlainTable.Write(w, s_header, comparison.Rows());
        w.WriteLine("  " + StackText);
        foreach (var (key, reason) in comparison.Left.Where(l => !l.Reason.StartsWith("no column", StringComparison.Ordinal)))
            w.WriteLine($"  not fitted: {key}: {reason}");
        int without = comparison.Left.Count(l => l.Reason.StartsWith("no column", StringComparison.Ordinal));
        if (without > 0) w.WriteLine($"  {without} more laws need columns that this table lacks; `autopeft fit laws` lists them");
    }

    private string StackText => string.Create(CultureInfo.InvariantCulture,
        $"extrapolation: mean error on the runs of most compute, predicted from half, 65 and 80 % of the runs; the stack's "
            + $"{comparison.StackedError * 1000:0.00} ‰");
}
