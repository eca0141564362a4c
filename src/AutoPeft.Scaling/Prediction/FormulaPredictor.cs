using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Estimation;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Formulas;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Uncertainty;

namespace AutoPeft.Scaling.Prediction;

/// <summary>What a fitted formula predicts at one row, with its intervals.</summary>
/// <param name="Value">Value that the formula predicts.</param>
/// <param name="Band">95 % interval of the value that the formula predicts.</param>
/// <param name="RowBand">95 % band that a new row falls into, without error of the form.</param>
/// <param name="Warnings">What to distrust about the prediction, in plain sentences; empty where nothing is suspect.</param>
public sealed record FormulaPrediction(double Value, Interval Band, Interval RowBand, IReadOnlyList<string> Warnings);

/// <summary>Predicts from a formula's fit that was written as JSON. Immutable.</summary>
public sealed class FormulaPredictor
{
    private readonly FormulaText _formula;
    private readonly double[] _values;
    private readonly NoiseMixture? _noise;
    private readonly ResidualScale _scale;
    private readonly double[][] _ranges;

    private FormulaPredictor(string target, FormulaText formula, double[] values, double[][] ranges, ResidualScale scale,
        NoiseMixture? noise) =>
        (Target, _formula, _values, _ranges, _scale, _noise) = (target, formula, values, ranges, scale, noise);

    /// <summary>Name of what the formula predicts.</summary>
    public string Target { get; }

    /// <summary>Predicts from a fit in memory.</summary>
    /// <param name="target">Name of what the formula predicts.</param>
    /// <param name="formula">The formula.</param>
    /// <param name="fit">Its fit.</param>
    /// <param name="columns">The regressors that the fit saw, in the formula's order.</param>
    /// <exception cref="ScalingDataException">The fit leaves a parameter undetermined.</exception>
    internal static FormulaPredictor Of(string target, FormulaText formula, FormulaFit fit, IReadOnlyList<double[]> columns)
    {
        if (fit.Unidentified.Count > 0)
            throw new ScalingDataException(
                $"the fit does not determine {string.Join(", ", fit.Unidentified)}; nothing can be predicted from it.");
        return new FormulaPredictor(target, formula, fit.Values, [.. columns.Select(c => new[] { c.Min(), c.Max() })],
            fit.Options.Residuals, fit.Mixture);
    }

    /// <summary>Reads a file that <c>fit formula --json</c> or <c>fit law --json</c> wrote.</summary>
    /// <exception cref="ScalingDataException">The file is no such file, or leaves a parameter undetermined.</exception>
    public static FormulaPredictor Load(string path)
    {
        var json = FitFile.Read(path, "formula");
        try
        {
            string[] columns = [.. json["columns"]!.AsArray().Select(c => c!.GetValue<string>())];
            var formula = new FormulaText(json["formula"]!.GetValue<string>(), columns);
            if (formula.Parameters.FirstOrDefault(p => json["parameters"]![p] is null) is { } lost)
                throw new ScalingDataException($"{path}: that fit does not determine '{lost}'; nothing can be predicted from it.");
            double[] values = [.. formula.Parameters.Select(p => json["parameters"]![p]!.GetValue<double>())];
            double[][] ranges =
                [.. formula.Regressors.Select(r => json["ranges"]![r]!.AsArray().Select(v => v!.GetValue<double>()).ToArray())];
            var scale = Enum.Parse<ResidualScale>(json["residuals"]!.GetValue<string>(), ignoreCase: true);
            NoiseMixture? noise = null;
            if (json["rows"] is JsonArray rows)
            {
                double[][] r = [.. rows.Select(x => x!.AsArray().Select(v => v!.GetValue<double>()).ToArray())];
                var program = new FormulaProgram(formula, [.. columns.Select((_, c) => r.Select(v => v[c]).ToArray())], r.Length);
                noise = NoiseMixture.Fit(new WhitenedRows(new ResidualProblem(program, [.. r.Select(v => v[^1])], scale), null), values);
            }
            return new FormulaPredictor(json["target"]!.GetValue<string>(), formula, values, ranges, scale, noise);
        }
        catch (Exception e)
            when (e is InvalidOperationException or FormatException or ArgumentException or NullReferenceException
                or IndexOutOfRangeException)
        {
            throw new ScalingDataException(
                $"{path}: a value is not what `autopeft fit formula --json` writes ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).");
        }
    }

    /// <summary>Predicts the formula's value at one row of regressors.</summary>
    /// <param name="at">Value of each column of the formula.</param>
    /// <exception cref="ScalingDataException">A column has no value, or the formula has none there.</exception>
    public FormulaPrediction Predict(IReadOnlyDictionary<string, double> at)
    {
        foreach (string r in _formula.Regressors)
            if (!at.ContainsKey(r))
                throw new ScalingDataException($"column '{r}' has no value; the formula needs {string.Join(", ", _formula.Regressors)}.");
        double[] row = [.. _formula.Regressors.Select(r => at[r])];
        var program = new FormulaProgram(_formula, [.. row.Select(v => new[] { v })], 1);
        double Value(double[] theta)
        {
            Span<double> f = stackalloc double[1];
            program.Evaluate(theta, 0, f, default);
            return f[0];
        }
        double value = Value(_values);
        if (!double.IsFinite(value) || _scale == ResidualScale.Log && value <= 0)
            throw new ScalingDataException("the formula has no value there that can be compared with the target.");
        var warnings = _formula.Regressors.Select((r, c) => Beyond(r, row[c], _ranges[c])).OfType<string>().ToList();
        if (_noise is null)
            return new FormulaPrediction(value, new(double.NaN, double.NaN), new(double.NaN, double.NaN),
                [.. warnings, "the fit did not store its rows: no bands"]);
        bool log = _scale == ResidualScale.Log;
        var profile = _noise.Profile(new LawFunction("prediction", t => log ? Math.Log(Value(t)) : Value(t)), 0.99);
        double sd = _noise.Deviations.Run * (_scale == ResidualScale.Relative ? Math.Abs(value) : 1);
        var (band, rows) = (profile.Interval(), Predictive.Band(profile, sd, _noise.Freedom, 0, 0.95));
        if (log) (band, rows) = (band.Map(Math.Exp), rows.Map(Math.Exp));
        return new FormulaPrediction(value, new(Math.Min(band.Low, value), Math.Max(band.High, value)),
            new(Math.Min(rows.Low, value), Math.Max(rows.High, value)), warnings);
    }

    private static string? Beyond(string column, double v, double[] range) =>
        v > range[1] ? string.Create(CultureInfo.InvariantCulture,
            $"{column} = {v:G4} is {(range[1] > 0 ? v / range[1] : double.NaN):G3} times the largest that the fit saw ({range[1]:G4})")
        : v < range[0]
            ? string.Create(CultureInfo.InvariantCulture, $"{column} = {v:G4} is below the smallest that the fit saw ({range[0]:G4})")
            : null;
}
