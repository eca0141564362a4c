using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Scaling.Numerics;
using AutoPeft.Scaling.Sweeps;

namespace AutoPeft.Scaling.Reports;

/// <summary>JSON spellings shared by the reports: what is not a finite number is null.</summary>
internal static class JsonValues
{
    public static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static JsonNode? Number(double? v) => v is { } x && double.IsFinite(x) ? JsonValue.Create(x) : null;

    public static JsonArray Pair(Interval i) => [Number(i.Low), Number(i.High)];

    public static JsonObject Summary(GapSummary g) =>
        new() { ["mean"] = Number(g.Mean), ["median"] = Number(g.Median), ["max"] = Number(g.Max) };

    public static JsonArray Strings(IEnumerable<string> s) => [.. s.Select(v => (JsonNode?)JsonValue.Create(v))];

    public static JsonArray Matrix(double[,] m) =>
        [.. Enumerable.Range(0, m.GetLength(0))
            .Select(i => (JsonNode?)new JsonArray([.. Enumerable.Range(0, m.GetLength(1)).Select(j => Number(m[i, j]))]))];

    public static JsonObject Named(IReadOnlyList<string> names, double[,] m)
    {
        var o = new JsonObject();
        for (int i = 0; i < names.Count; i++)
        {
            var row = new JsonObject();
            for (int j = 0; j < names.Count; j++) row[names[j]] = Number(m[i, j]);
            o[names[i]] = row;
        }
        return o;
    }

    public static JsonObject Rules(IEnumerable<RuleGaps> rules)
    {
        var o = new JsonObject();
        foreach (var r in rules)
            o[r.Rule.Key] = new JsonObject
            {
                ["nearest"] = Summary(r.Nearest),
                ["bilinear"] = Summary(r.Bilinear),
                ["quadratic"] = Summary(r.Quadratic),
                ["nearest_corrected"] = Summary(r.NearestCorrected),
                ["bilinear_corrected"] = Summary(r.BilinearCorrected),
            };
        return o;
    }
}
