using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Reporting;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Sweeps;

namespace AutoPeft.Scaling.Reports;

/// <summary>Report of a general power law.</summary>
public sealed class PowerLawReport : IFitReport
{
    private PowerLawReport(PowerLawFit fit, CoefficientBootstrap bootstrap, string target, int n) =>
        (Fit, Bootstrap, Target, Count) = (fit, bootstrap, target, n);

    /// <summary>Fit of the power law to the table's rows.</summary>
    public PowerLawFit Fit { get; }
    /// <summary>Bootstrap of the law's coefficients over single rows.</summary>
    public CoefficientBootstrap Bootstrap { get; }
    /// <summary>Name of the column that the law predicts.</summary>
    public string Target { get; }
    /// <summary>Number of rows that the fit used.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    public IReadOnlyList<SvgFigure> Figures => [];

    /// <summary>Fits y = c·Π xⱼ^kⱼ to columns of a table.</summary>
    /// <exception cref="ScalingDataException">A column is missing or not numeric, or the design cannot support the law.</exception>
    public static PowerLawReport Run(RunTable table, string target, IReadOnlyList<string> regressors, int samples = 1000, ulong seed = 0)
    {
        var y = Numbers(table, target);
        double[][] x = [.. regressors.Select(r => Numbers(table, r))];
        var fit = PowerLawFit.Fit(regressors, x, y, [.. Enumerable.Range(0, y.Length).Select(table.RowNumber)]);
        return new PowerLawReport(fit, CoefficientBootstrap.Run(x, y, null, samples, seed), target, y.Length);
    }

    internal static double[] Numbers(RunTable table, string name)
    {
        var c = table.Require(name);
        if (c.Numbers is { } numbers) return numbers;
        int bad = Array.FindIndex(c.Texts!, t => !NumberCell.TryParse(t, out _));
        throw new ScalingDataException(
            $"{table.Source}: column '{name}' is not numeric: row {table.RowNumber(bad)} holds '{ShortList.Of([c.Texts![bad]])}'.");
    }

    /// <inheritdoc/>
    public string ToJson()
    {
        bool known = Fit.IsIdentified;
        return new JsonObject
        {
            ["kind"] = "power-law",
            ["n"] = Count,
            ["target"] = Target,
            ["constant"] = JsonValues.Number(known ? Fit.Law.Constant : null),
            ["exponents"] =
                new JsonObject([.. Fit.Law.Exponents.Select(e => KeyValuePair.Create(e.Key, JsonValues.Number(known ? e.Value : null)))]),
            ["r2"] = JsonValues.Number(Fit.R2),
            ["ci95"] = new JsonObject(
                [.. Fit.Names.Select((n, j) => KeyValuePair.Create(n, known ? (JsonNode?)JsonValues.Pair(Bootstrap.Ci(j + 1)) : null))]),
            ["condition_number"] = JsonValues.Number(Fit.Linear.ConditionNumber),
            ["variance_inflation"] =
                new JsonObject([.. Fit.Names.Select((n, j) => KeyValuePair.Create(n, JsonValues.Number(Fit.Linear.VarianceInflation[j])))]),
            ["warnings"] = JsonValues.Strings(Fit.Warnings),
        }.ToJsonString(JsonValues.Indented);
    }

    /// <inheritdoc/>
    public string ToHtml()
    {
        var page = new HtmlPage("Power law", $"{Target}, {Count} runs");
        page.Paragraph($"{Target} = {Fit.Law}", "law");
        page.Warnings(Fit.Warnings);
        page.Table(["exponent", "estimate", "95 %"], Rows());
        return page.ToString();
    }

    /// <inheritdoc/>
    public void WriteConsole(TextWriter w)
    {
        w.WriteLine(Fit.IsIdentified
            ? $"{Target} = {Fit.Law}   R² {Fit.R2.ToString("0.000", CultureInfo.InvariantCulture)}, {Count} runs"
            : $"{Target}: exponents are not identified, {Count} runs");
        if (Fit.IsIdentified) PlainTable.Write(w, ["exponent of", "estimate", "95 %"], Rows());
        foreach (var x in Fit.Warnings) w.WriteLine("! " + x);
    }

    private IEnumerable<IReadOnlyList<string>> Rows() => Fit.Names.Select((n, j) => (IReadOnlyList<string>)
        [n, Fit.Law.Exponents[j].Value.ToString("0.0000", CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{Bootstrap.Ci(j + 1).Low:0.0000} … {Bootstrap.Ci(j + 1).High:0.0000}")]);
}
