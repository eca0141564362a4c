using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Figures;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Formulas;

namespace AutoPeft.Scaling.Reports;

/// <summary>Report of a formula that a person wrote.</summary>
public sealed class FormulaReport : IFitReport
{
    /// <summary>Starts of a parameter for which none is stated: half a decade to a decade either side of one.</summary>
    private static readonly double[] s_starts = [1, 0.1];

    private FormulaReport(FormulaFit fit, string text, int n) => (Fit, Text, Count) = (fit, text, n);

    /// <summary>The fit.</summary>
    public FormulaFit Fit { get; }
    /// <summary>The formula.</summary>
    public string Text { get; }
    /// <summary>Rows used.</summary>
    public int Count { get; }
    /// <inheritdoc/>
    public IReadOnlyList<SvgFigure> Figures => [];

    /// <summary>Whether the runs tell the parameters apart. Beyond a condition number of 1e8 (columns scaled) they do not: half of all digits are lost.</summary>
    public bool IsIdentified => Fit.ConditionNumber < 1e8;

    /// <summary>Parses a formula and fits it to a table.</summary>
    public static FormulaReport Run(RunTable table, string target, string formula, IReadOnlyDictionary<string, double[]>? starts = null, double delta = 1e-3)
    {
        var y = PowerLawReport.Numbers(table, target);
        var f = new FormulaText(formula, [.. table.Columns.Where(c => c.Numbers is not null && c.Name != target).Select(c => c.Name)]);
        foreach (var name in starts?.Keys ?? [])
            if (!f.Parameters.Contains(name)) throw new ScalingDataException($"start of '{name}': the formula's parameters are {string.Join(", ", f.Parameters)}.");
        double[][] columns = [.. f.Regressors.Select(r => table.Find(r)!.Numbers!)];
        
        var parameters = f.Parameters.Select(p => starts?.GetValueOrDefault(p) is { } s ? new FormulaParameter(p, s[0], OtherStarts: s[1..]) : new FormulaParameter(p)).ToList();
        return new FormulaReport(FormulaFit.Fit(f, parameters, columns, y, new FormulaFitOptions { Delta = delta }), formula, y.Length);
    }

    /// <inheritdoc/>
    public string ToJson() => new JsonObject
    {
        ["kind"] = "formula",
        ["n"] = Count,
        ["formula"] = Text,
        ["parameters"] = new JsonObject([.. Fit.Names.Select((n, k) => KeyValuePair.Create(n, JsonValues.Number(IsIdentified ? Fit.Values[k] : null)))]),
        ["sd"] = new JsonObject([.. Fit.Names.Select((n, k) => KeyValuePair.Create(n, JsonValues.Number(IsIdentified ? (Fit.Intervals[k].High-Fit.Intervals[k].Low)/4 : null)))]),
        ["objective"] = JsonValues.Number(Fit.Objective),
        ["condition_number"] = JsonValues.Number(Fit.ConditionNumber),
        ["starts"] = new JsonObject { ["total"] = Fit.Starts, ["at_minimum"] = Fit.StartsAtMinimum },
    }.ToJsonString(JsonValues.Indented);

    /// <inheritdoc/>
    public string ToHtml()
    {
        var page = new HtmlPage("Formula", $"{Count} runs");
        page.Paragraph(Text, "law");
        if (IsIdentified) page.Table(["parameter", "estimate", "sd"], Rows());
        else page.Warnings(["these runs do not tell the parameters apart; no coefficients are given"]);
        return page.ToString();
    }

    /// <inheritdoc/>
    public void WriteConsole(TextWriter w)
    {
        w.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Text}: {Count} runs, objective {Fit.Objective:G6}, {Fit.StartsAtMinimum} of {Fit.Starts} starts at the minimum"));
        if (IsIdentified) PlainTable.Write(w, ["parameter", "estimate", "sd"], Rows());
        else w.WriteLine($"! these runs do not tell the parameters {string.Join(", ", Fit.Names)} apart (is one of them meant to be a column?); no coefficients are given");
        if (IsIdentified && Fit.ConditionNumber > 1e4) w.WriteLine(string.Create(CultureInfo.InvariantCulture, $"! condition number {Fit.ConditionNumber:G3}: these runs barely tell the parameters apart"));
    }

    private IEnumerable<IReadOnlyList<string>> Rows() => Fit.Names.Select((n, k) => (IReadOnlyList<string>)
        [n, Fit.Values[k].ToString("G7", CultureInfo.InvariantCulture), ((Fit.Intervals[k].High - Fit.Intervals[k].Low) / 4).ToString("G3", CultureInfo.InvariantCulture)]);
}
