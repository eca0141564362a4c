using System.Globalization;
using System.Text;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>
/// All trials as comma-separated values (RFC 4180), for spreadsheets: number, state, parameters, objectives, outcomes, seconds, times in
/// UTC, worker, device, attempt, error, note.
/// </summary>
internal static class TrialCsv
{
    /// <summary>The file's bytes: UTF-8, a header line, a line for each trial in the order of proposal.</summary>
    public static ReadOnlyMemory<byte> Of(IStudyView study)
    {
        StudyDefinition d = study.Definition;
        var text = new StringBuilder();
        string[] head =
        [
            "number", "state", .. d.Space.Parameters.Select(p => p.Name), .. d.Objectives.Select(o => o.Name),
                .. d.Outcomes.Select(o => o.Name),
            "seconds", "started", "finished", "worker", "device", "attempt", "error", "note",
        ];
        Line(text, head);
        foreach (Trial t in study.Trials) Line(text, Cells(d, t));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static IEnumerable<string> Cells(StudyDefinition d, Trial t)
    {
        yield return ValueText.Plain(t.Number);
        yield return t.State.ToString().ToLowerInvariant();
        for (int i = 0; i < d.Space.Parameters.Length; i++)
            yield return double.IsNaN(t.Configuration.Codes[i]) ? ""
                : ValueText.Plain(d.Space.Parameters[i].ToValue(t.Configuration.Codes[i]));
        for (int i = 0; i < d.Objectives.Length; i++) yield return i < t.Values.Length ? ValueText.Plain(t.Values[i]) : "";
        for (int i = 0; i < d.Outcomes.Length; i++) yield return i < t.Outcomes.Length ? ValueText.Plain(t.Outcomes[i]) : "";
        yield return ValueText.Plain(t.Seconds);
        yield return Time(t.StartedAt);
        yield return Time(t.State == TrialState.Running ? null : t.FinishedAt);
        yield return t.Worker ?? "";
        yield return t.Device ?? "";
        yield return ValueText.Plain(t.Attempt);
        yield return t.Error ?? "";
        yield return t.Note ?? "";
    }

    private static string Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";

    private static void Line(StringBuilder text, IEnumerable<string> cells)
    {
        bool first = true;
        foreach (string cell in cells)
        {
            if (!first) text.Append(',');
            first = false;
            if (cell.AsSpan().IndexOfAny("\",\r\n") < 0) text.Append(cell);
            else text.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }
        text.Append("\r\n");
    }
}
