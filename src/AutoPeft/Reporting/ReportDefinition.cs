using System.Globalization;
using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Reporting;

/// <summary>What a page says of a study's definition, the report's and the dashboard's alike; into the object that is open.</summary>
internal static class ReportDefinition
{
    /// <summary>Name, sampler, seed and budget.</summary>
    public static void WriteNames(Utf8JsonWriter json, StudyDefinition d)
    {
        json.WriteString("name", d.Name);
        json.WriteString("sampler", d.Sampler);
        // As text: a 64-bit seed is more than a JavaScript number holds.
        json.WriteString("seed", d.Seed.ToString(CultureInfo.InvariantCulture));
        if (d.Budget is { } budget) json.WriteNumber("budget", budget);
    }

    /// <summary>What the study's trials run, as paths and values.</summary>
    public static void WriteProblem(Utf8JsonWriter json, StudyDefinition d)
    {
        json.WriteStartObject("settings");
        foreach ((string path, JsonElement value) in ProblemLeaves.Of(d.Problem)) json.WriteString(path, ProblemLeaves.Text(value));
        json.WriteEndObject();
    }
}
