using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Scaling.Data;

namespace AutoPeft.Scaling.Prediction;

/// <summary>Reads back what a fit wrote with <c>--json</c>.</summary>
internal static class FitFile
{
    public static JsonObject Read(string path, string kind)
    {
        JsonObject? json;
        try
        {
            json = JsonNode.Parse(TextBytes.Read(path), documentOptions: StrictJson.Options) as JsonObject;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ScalingDataException(
                $"{path}: not JSON ({e.Message.TrimEnd('.')}); a file that `autopeft fit {kind} --json` wrote is expected.");
        }
        if (json?["kind"] is not JsonValue v || !v.TryGetValue(out string? found) || found != kind)
            throw new ScalingDataException($"{path}: not a fit of {kind}; a file that `autopeft fit {kind} --json` wrote is expected.");
        return json;
    }

    public static double[,] Matrix(JsonArray rows)
    {
        var m = new double[rows.Count, rows.Count];
        for (int i = 0; i < rows.Count; i++)
            for (int j = 0; j < rows.Count; j++) m[i, j] = rows[i]!.AsArray()[j]!.GetValue<double>();
        return m;
    }
}
