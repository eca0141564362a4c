using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;

namespace AutoPeft.Scaling.Reports;

/// <summary>The machine-readable form of a loss law fit, section by section. What the design does not identify is null.</summary>
internal sealed class LossLawJson
{
    private readonly LossLawReport _report;
    private readonly LossLaw _law;
    private readonly Identifiability _identifiability;

    /// <summary>Whether both exponents are identified, and with them that of compute.</summary>
    private readonly bool _exponents;

    private readonly JsonObject _json = new();

    private LossLawJson(LossLawReport report)
    {
        (_report, _law, _identifiability) = (report, report.Fit.Law, report.Fit.Identifiability);
        _exponents = IsIdentified("alpha") && IsIdentified("beta");
    }

    public static JsonObject Of(LossLawReport report)
    {
        var sections = new LossLawJson(report);
        sections.AddCoefficients();
        sections.AddIntervals();
        sections.AddNoiseAndBacktest();
        sections.AddResiduals();
        sections.AddCompute();
        sections.AddIdentifiability();
        sections.AddApproaches();
        sections.AddHeldOut();
        sections.AddRuns();
        sections.AddSecondOpinions();
        return sections._json;
    }

    private void AddCoefficients()
    {
        _json["kind"] = "chinchilla";
        _json["n"] = _report.Fit.Points.Count;
        _json["objective_name"] = _report.ObjectiveName;
        _json["objective"] = JsonValues.Number(_report.Fit.Value);
        _json["A"] = IfIdentified("A", _law.A);
        _json["B"] = IfIdentified("B", _law.B);
        _json["E"] = IfIdentified("E", _law.E);
        _json["alpha"] = IfIdentified("alpha", _law.Alpha);
        _json["beta"] = IfIdentified("beta", _law.Beta);
        _json["a"] = ComputeExponent();
        _json["scale"] = JsonValues.Number(_report.Fit.Scale);
    }

    private void AddIntervals()
    {
        _json["ci95"] = new JsonObject([.. LossLawReport.ParameterNames.Select(
            p => KeyValuePair.Create(p, _report.Intervals.TryGetValue(p, out var i) ? (JsonNode?)JsonValues.Pair(i) : null))]);
        _json["ci95_runs"] = Bands(_report.Bootstrap);
        _json["ci95_clusters"] = Bands(_report.Clustered);
    }

    private JsonObject Bands(LossLawBootstrap b) => new()
    {
        ["A"] = Band("A", b, l => l.A),
        ["B"] = Band("B", b, l => l.B),
        ["E"] = Band("E", b, l => l.E),
        ["alpha"] = Band("alpha", b, l => l.Alpha),
        ["beta"] = Band("beta", b, l => l.Beta),
        ["a"] = _exponents && b.Samples.Count > 1 ? JsonValues.Pair(b.Band(l => l.ComputeExponent)) : null,
    };

    private JsonArray? Band(string name, LossLawBootstrap b, Func<LossLaw, double> of) =>
        !IsIdentified(name) || b.Samples.Count == 0 ? null : JsonValues.Pair(b.Band(of));

    private void AddNoiseAndBacktest()
    {
        _json["noise"] = new JsonObject
        {
            ["run"] = JsonValues.Number(_report.Uncertainty.Noise.Run),
            ["size"] = JsonValues.Number(_report.Uncertainty.Noise.Size),
            ["probability_of_size_effects"] = JsonValues.Number(_report.Uncertainty.SharedProbability),
        };
        _json["backtest"] = new JsonObject
        {
            ["origins"] = _report.Backtest.Origins,
            ["predictions"] = _report.Backtest.Points.Count,
            ["coverage_of_90_percent_band"] = JsonValues.Number(_report.Backtest.Coverage),
            ["median_abs"] = JsonValues.Number(_report.Backtest.MedianError),
            ["form_rate"] = JsonValues.Number(_report.Backtest.FormRate),
        };
    }

    private void AddResiduals()
    {
        _json["residual_rms"] = JsonValues.Number(_report.Residuals.Rms);
        _json["largest_residuals"] = new JsonArray(
            [.. _report.Residuals.Largest.Select(l => (JsonNode?)new JsonObject { ["row"] = l.Row, ["residual"] = l.Residual })]);
    }

    private void AddCompute()
    {
        var points = _report.Fit.Points;
        _json["max_compute"] = points.Compute.Max();
        _json["compute_per_token_parameter"] = JsonValues.Number(
            points.Compute.Select((c, i) => c / (points.N[i] * points.D[i])).Order().ElementAt(points.Count / 2));
    }

    private void AddIdentifiability()
    {
        LossLawBootstrap bootstrap = _report.Bootstrap;
        _json["bootstrap_sd"] = new JsonObject
        {
            ["A"] = IfIdentified("A", bootstrap.StandardDeviation(l => l.A)),
            ["B"] = IfIdentified("B", bootstrap.StandardDeviation(l => l.B)),
            ["E"] = IfIdentified("E", bootstrap.StandardDeviation(l => l.E)),
            ["alpha"] = IfIdentified("alpha", bootstrap.StandardDeviation(l => l.Alpha)),
            ["beta"] = IfIdentified("beta", bootstrap.StandardDeviation(l => l.Beta)),
        };
        _json["condition_number"] = JsonValues.Number(_identifiability.ConditionNumber);
        _json["condition_number_centred"] = JsonValues.Number(_identifiability.CentredConditionNumber);
        _json["correlations"] = JsonValues.Named(LossLaw.VectorNames, bootstrap.Correlations());
        _json["correlations_asymptotic"] = JsonValues.Named(LossLaw.VectorNames, _identifiability.Correlations);
        _json["variance_inflation"] = new JsonObject(
            [.. LossLaw.VectorNames.Select((n, i) => KeyValuePair.Create(n, JsonValues.Number(_identifiability.VarianceInflation[i])))]);
        _json["unidentified"] = JsonValues.Strings(_identifiability.Unidentified);
    }

    private void AddApproaches()
    {
        LossLawFit fit = _report.Fit;
        _json["starts"] =
            new JsonObject { ["total"] = fit.Starts.Total, ["converged"] = fit.Starts.Converged, ["global"] = fit.Starts.Global };
        _json["approaches"] = new JsonObject
        {
            ["1"] = new JsonObject
            {
                ["a"] = JsonValues.Number(_report.Envelope.Exponent),
                ["ci95"] = JsonValues.Pair(_report.Envelope.ExponentBand),
                ["points"] = _report.Envelope.Indices.Count,
            },
            ["2"] = new JsonObject
            {
                ["a"] = JsonValues.Number(_report.IsoFlop.Exponent),
                ["ci95"] = JsonValues.Pair(_report.IsoFlop.ExponentBand),
                ["profiles"] = _report.IsoFlop.Profiles.Count,
            },
            ["3"] = new JsonObject
            {
                ["a"] = ComputeExponent(),
                ["ci95"] = _report.Intervals.TryGetValue("a", out var a) ? JsonValues.Pair(a) : null,
            },
        };
    }

    private void AddHeldOut() =>
        _json["held_out"] = new JsonObject([.. _report.HeldOut.Select(h => KeyValuePair.Create(h.Protocol, (JsonNode?)new JsonObject
        {
            ["n_test"] = h.Count,
            ["mean_abs"] = JsonValues.Number(h.MeanAbsolute),
            ["bias"] = JsonValues.Number(h.Bias),
            ["chinchilla_refit_mean_abs"] = JsonValues.Number(h.PublishedMeanAbsolute),
            ["constant_mean_abs"] = JsonValues.Number(h.ConstantMeanAbsolute),
        }))]);

    /// <summary>What was read, and what it takes to redraw every figure.</summary>
    private void AddRuns()
    {
        var points = _report.Fit.Points;
        _json["units"] = new JsonObject { ["N"] = "parameters", ["D"] = "tokens", ["loss"] = points.UnitName };
        _json["warnings"] = JsonValues.Strings(_report.Warnings);
        _json["notes"] = JsonValues.Strings(points.Notes);
        _json["runs"] = points.Count > LossLawReport.SideCheckRows
            ? null
            : new JsonArray([.. Enumerable.Range(0, points.Count).Select(
                i => (JsonNode?)new JsonArray(points.N[i], points.D[i], points.Loss[i], points.Compute[i]))]);
        _json["samples"] =
            new JsonArray([.. _report.Bootstrap.Samples.Select(s => (JsonNode?)new JsonArray([.. s.Select(NineDigits)]))]);
    }

    /// <summary>The same minimum by another route, and another form on the same runs, where they were found.</summary>
    private void AddSecondOpinions()
    {
        if (_report.SecondRoute is { } s)
            _json["variable_projection"] = new JsonObject
            {
                ["A"] = s.Law.A,
                ["B"] = s.Law.B,
                ["E"] = s.Law.E,
                ["alpha"] = s.Law.Alpha,
                ["beta"] = s.Law.Beta,
                ["objective"] = s.Value,
            };
        if (_report.OverTraining is { } o)
            _json["over_training"] =
                new JsonObject { ["a"] = o.Law.A, ["b"] = o.Law.B, ["c"] = o.Law.C, ["E"] = o.Law.E, ["objective"] = o.Value };
    }

    private bool IsIdentified(string name) => !_identifiability.Unidentified.Contains(name);

    private JsonNode? IfIdentified(string name, double v) => IsIdentified(name) ? JsonValues.Number(v) : null;

    private JsonNode? ComputeExponent() => _exponents ? JsonValues.Number(_law.ComputeExponent) : null;

    /// <summary>A number of a bootstrap sample to nine digits, enough to redraw every figure.</summary>
    private static JsonNode? NineDigits(double value) =>
        JsonValue.Create(double.Parse(value.ToString("G9", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
}
