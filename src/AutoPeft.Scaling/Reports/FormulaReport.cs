using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Reporting;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Figures;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Formulas;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Prediction;

namespace AutoPeft.Scaling.Reports;

/// <summary>Options of <see cref="FormulaReport.Run"/>.</summary>
public sealed record FormulaReportOptions
{
    /// <summary>Parameters with starts or bounds of their own, by name; the search chooses starts for all others.</summary>
    public IReadOnlyDictionary<string, FormulaParameter> Parameters { get; init; } = new Dictionary<string, FormulaParameter>();
    /// <summary>Options of the formula's fit: threshold, scale of the residuals and search over starts.</summary>
    public FormulaFitOptions Fit { get; init; } = new();
    /// <summary>Column of weights of the squared residuals; null weighs all rows alike.</summary>
    public string? WeightColumn { get; init; }
    /// <summary>Column whose equal values share an effect (a model size, a seed); null: rows are independent.</summary>
    public string? ClusterColumn { get; init; }
    /// <summary>Bootstrap samples, each a refit to resampled rows from the minimum. Default 0: the intervals are profiles.</summary>
    public int BootstrapSamples { get; init; }
    /// <summary>Seed of the bootstrap's random numbers. Default 0.</summary>
    public ulong Seed { get; init; }
    /// <summary>Whether to hold out the largest fifth of each regressor. Default: yes.</summary>
    public bool HeldOut { get; init; } = true;
}

/// <summary>Report of a formula that a person wrote, or of a registered law.</summary>
public sealed class FormulaReport : IFitReport
{
    private const int StoredRows = 5_000;

    private readonly double[][] _columns;
    private readonly double[] _target;

    private FormulaReport(FormulaText formula, FormulaFit fit, string target, double[][] columns, double[] y, int[] rows,
        FormulaReportOptions options)
    {
        (Formula, Fit, Target, _columns, _target) = (formula, fit, target, columns, y);
        Residuals = ResidualSummary.Of(fit.Residuals, rows, fit.FreeParameters);
        var parameters = Parameters(formula, options);
        bool small = y.Length <= StoredRows && IsIdentified;
        HeldOut = options.HeldOut && small ? FormulaHeldOut.RunAll(formula, parameters, columns, y, fit) : [];
        Bootstrap =
            options.BootstrapSamples > 0 && small ? FormulaBootstrap.Run(fit, parameters, options.BootstrapSamples, options.Seed) : null;
    }

    /// <summary>The formula that was fitted, parsed.</summary>
    public FormulaText Formula { get; }
    /// <summary>Fit of the formula to the table's rows.</summary>
    public FormulaFit Fit { get; }
    /// <summary>Name of the column that the formula predicts.</summary>
    public string Target { get; }
    /// <summary>Number of rows that the fit used.</summary>
    public int Count => _target.Length;
    /// <summary>How far the rows lie from the formula.</summary>
    public ResidualSummary Residuals { get; }
    /// <summary>Predictions of rows that a refit did not see.</summary>
    public IReadOnlyList<FormulaHeldOut> HeldOut { get; }
    /// <summary>Bootstrap refits; null where none were asked for.</summary>
    public FormulaBootstrap? Bootstrap { get; }
    /// <summary>Whether the rows tell all parameters apart.</summary>
    public bool IsIdentified => Fit.Unidentified.Count == 0;
    /// <summary>Predictions from this fit.</summary>
    /// <exception cref="ScalingDataException">The rows leave a parameter undetermined.</exception>
    public FormulaPredictor Predictor() => FormulaPredictor.Of(Target, Formula, Fit, _columns);
    /// <inheritdoc/>
    public IReadOnlyList<SvgFigure> Figures =>
        field ??= [FormulaCharts.PredictedAgainstSeen(Fit, _target), FormulaCharts.Residuals(Fit, _target)];

    /// <summary>What to distrust about the fit, in plain sentences; empty where nothing is suspect.</summary>
    public IReadOnlyList<string> Warnings =>
    [
        .. IsIdentified
            ? []
            : new[] { $"these rows do not determine {string.Join(", ", Fit.Unidentified)} (is one of them meant to be a column?); no "
                + $"values are given for {(Fit.Unidentified.Count == 1 ? "that parameter" : "those")}" },
        .. Fit.End == EndReason.Converged
            ? []
            : new[] { $"the best descent did not converge ({EndText}); the values are the lowest found, but may not be a minimum" },
        .. IsIdentified && Fit.ConditionNumber > 1e4
            ? new[] {
                FormattableString.Invariant($"condition number {Fit.ConditionNumber:G3}: these rows barely tell the parameters apart") }
            : [],
        .. Fit.StartsAtMinimum == 1 && Fit.Starts > 3
            ? new[] { $"only one of {Fit.Starts} descents reached the minimum; state starts near it with --start to be sure" }
            : [],
        .. Residuals.Outliers is { } o ? new[] { o } : [],
    ];

    private string EndText => Fit.End switch
    {
        EndReason.Converged => "converged",
        EndReason.Stalled => "steps no longer lower the objective",
        EndReason.IterationCap => $"cap of {Fit.Options.MaxIterations} iterations",
        _ => "not finite",
    };

    /// <summary>Parses a formula and fits it to a table.</summary>
    /// <exception cref="ScalingDataException">The formula or a column cannot be used; says which and why.</exception>
    public static FormulaReport Run(RunTable table, string target, string formula, FormulaReportOptions? options = null)
    {
        options ??= new FormulaReportOptions();
        var y = PowerLawReport.Numbers(table, target);
        string targetName = table.Require(target).Name;
        var text =
            new FormulaText(formula, [.. table.Columns.Where(c => c.Numbers is not null && c.Name != targetName).Select(c => c.Name)],
            table.Columns.Where(c => c.Texts is not null).Select(c => c.Name));
        foreach (var name in options.Parameters.Keys)
            if (!text.Parameters.Contains(name))
                throw new ScalingDataException(
                    $"parameter '{name}' has a start or bound, but the formula's parameters are {string.Join(", ", text.Parameters)}.");
        double[][] columns = [.. text.Regressors.Select(r => table.Find(r)!.Numbers!)];
        double[]? weights = options.WeightColumn is { } w ? PowerLawReport.Numbers(table, w) : null;
        int[] used = [.. Enumerable.Range(0, y.Length)
            .Where(i => double.IsFinite(y[i]) && columns.All(c => double.IsFinite(c[i])) && !(weights?[i] <= 0))];
        if (used.Length == 0)
            throw new ScalingDataException($"{table.Source}: no row has a number in '{targetName}' and every column of the formula.");
        bool all = used.Length == y.Length;
        double[] At(double[] v) => all ? v : [.. used.Select(i => v[i])];
        int[]? clusters = options.ClusterColumn is { } k && table.Require(k) is { } by ? Index([.. used.Select(by.TextAt)]) : null;
        double[] kept = At(y);
        if (options.Fit.Residuals == ResidualScale.Log && Array.FindIndex(kept, v => v <= 0) is var bad and >= 0)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"{table.Source}, row {table.RowNumber(used[bad])}: '{targetName}' is {kept[bad]:G4}; the logarithm of the target is "
                    + $"compared, so it must be positive. --residuals linear allows any sign."));
        double[][] usedColumns = [.. columns.Select(At)];
        var fit = FormulaFit.Fit(text, Parameters(text, options), usedColumns, kept,
            options.Fit with { Weights = weights is null ? null : At(weights), Clusters = clusters });
        return new FormulaReport(text, fit, targetName, usedColumns, kept, [.. used.Select(table.RowNumber)], options);
    }

    private static int[] Index(string[] keys)
    {
        var index = keys.Distinct().Select((v, i) => (v, i)).ToDictionary(q => q.v, q => q.i);
        return [.. keys.Select(v => index[v])];
    }

    private static List<FormulaParameter> Parameters(FormulaText text, FormulaReportOptions options) =>
        [.. text.Parameters.Select(p => options.Parameters.GetValueOrDefault(p) ?? new FormulaParameter(p))];

    /// <inheritdoc/>
    public string ToJson() => new JsonObject
    {
        ["kind"] = "formula",
        ["n"] = Count,
        ["target"] = Target,
        ["formula"] = Formula.Text,
        ["residuals"] = Fit.Options.Residuals.ToString().ToLowerInvariant(),
        ["delta"] = JsonValues.Number(Fit.Options.Delta),
        ["parameters"] =
            new JsonObject([.. Fit.Names.Select((n, k) => KeyValuePair.Create(n, JsonValues.Number(Known(n) ? Fit.Values[k] : null)))]),
        ["ci95"] = new JsonObject(
            [.. Fit.Names.Select((n, k) => KeyValuePair.Create(n, Known(n) ? (JsonNode?)JsonValues.Pair(Fit.Intervals[k]) : null))]),
        ["ci95_bootstrap"] = Bootstrap is { } b
            ? new JsonObject([.. Fit.Names.Select((n, k) => KeyValuePair.Create(n, (JsonNode?)JsonValues.Pair(b.Ci(k))))])
            : null,
        ["objective"] = JsonValues.Number(Fit.Objective),
        ["end"] = EndText,
        ["condition_number"] = JsonValues.Number(Fit.ConditionNumber),
        ["unidentified"] = JsonValues.Strings(Fit.Unidentified),
        ["starts"] =
            new JsonObject { ["points_scored"] = Fit.PointsScored, ["descents"] = Fit.Starts, ["at_minimum"] = Fit.StartsAtMinimum },
        ["residual_rms"] = JsonValues.Number(Residuals.Rms),
        ["noise"] = new JsonObject { ["run"] = JsonValues.Number(Fit.Noise.Run), ["shared"] = JsonValues.Number(Fit.Noise.Shared) },
        ["held_out"] = new JsonObject([.. HeldOut.Select(h => KeyValuePair.Create(h.Column, (JsonNode?)new JsonObject
        {
            ["n_test"] = h.Count,
            ["mean_abs"] = JsonValues.Number(h.MeanAbsolute),
            ["bias"] = JsonValues.Number(h.Bias),
            ["constant_mean_abs"] = JsonValues.Number(h.ConstantMeanAbsolute),
        }))]),
        ["columns"] = JsonValues.Strings(Formula.Regressors),
        ["ranges"] = new JsonObject([.. Formula.Regressors.Select(
            (r, c) => KeyValuePair.Create(r, (JsonNode?)new JsonArray(_columns[c].Min(), _columns[c].Max())))]),
        ["rows"] = Count > StoredRows
            ? null
            : new JsonArray([.. Enumerable.Range(0, Count)
                .Select(i => (JsonNode?)new JsonArray([.. _columns.Select(c => (JsonNode?)c[i]), _target[i]]))]),
        ["warnings"] = JsonValues.Strings(Warnings),
    }.ToJsonString(JsonValues.Indented);

    /// <inheritdoc/>
    public string ToHtml()
    {
        var page = new HtmlPage("Formula", $"{Target}, {Count} rows");
        page.Paragraph($"{Target} = {Formula.Text}", "law");
        page.Warnings(Warnings);
        page.Table(["parameter", "estimate", "95 %", .. Bootstrap is null ? Array.Empty<string>() : ["95 %, rows resampled"]], Rows());
        page.Paragraph(SearchText, "note");
        if (HeldOut.Count > 0)
        {
            page.Heading("On rows that were held out");
            page.Table(["largest fifth of", "rows", "this formula, refitted", "bias", "constant"],
                HeldOut.Select(h => (IReadOnlyList<string>)[h.Column, h.Count.ToString(CultureInfo.InvariantCulture), G(h.MeanAbsolute),
                    G(h.Bias), G(h.ConstantMeanAbsolute)]));
        }
        page.Heading("Is the fit sound?");
        page.Figures(Figures);
        return page.ToString();
    }

    /// <inheritdoc/>
    public void WriteConsole(TextWriter w)
    {
        w.WriteLine($"{Target} = {Formula.Text}");
        w.WriteLine($"  {Count} rows; {SearchText}");
        PlainTable.Write(w, ["parameter", "estimate", "95 %", .. Bootstrap is null ? Array.Empty<string>() : ["rows resampled"]], Rows());
        w.WriteLine("  " + Residuals.Text);
        foreach (var h in HeldOut)
            w.WriteLine($"  largest fifth of {h.Column} held out: {h.Count} rows, mean error {G(h.MeanAbsolute)}, bias {G(h.Bias)}; a "
                + $"constant {G(h.ConstantMeanAbsolute)}");
        foreach (var x in Warnings) w.WriteLine("! " + x);
    }

    private string SearchText => string.Create(CultureInfo.InvariantCulture,
        $"objective {Fit.Objective:G6}, {EndText}; {Fit.StartsAtMinimum} of {Fit.Starts} descents ended there, chosen from "
            + $"{Fit.PointsScored} points");

    private bool Known(string name) => !Fit.Unidentified.Contains(name);

    private IEnumerable<IReadOnlyList<string>> Rows() => Fit.Names.Select((n, k) => (IReadOnlyList<string>)
        [n, Known(n) ? Fit.Values[k].ToString("G7", CultureInfo.InvariantCulture) : "not determined",
            Known(n) ? Range(Fit.Intervals[k]) : "–", .. Bootstrap is { } b ? [Range(b.Ci(k))] : Array.Empty<string>()]);

    private static string Range(Interval i) => double.IsNaN(i.Low) ? "–" : $"{G(i.Low)} … {G(i.High)}";

    private static string G(double v) => v.ToString("G4", CultureInfo.InvariantCulture).Replace('-', '−');
}
