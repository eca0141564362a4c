using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>How many trials are in which state, and when something last happened.</summary>
internal readonly record struct StudyCounts(int Waiting, int Running, int Completed, int Failed, int Pruned, int Paused,
    DateTimeOffset? Last)
{
    public static StudyCounts Of(IStudyView study)
    {
        Span<int> n = stackalloc int[Enum.GetValues<TrialState>().Length];
        DateTimeOffset last = default;
        foreach (Trial t in study.Trials)
        {
            n[(int)t.State]++;
            DateTimeOffset seen = LastSeen(t);
            if (seen > last) last = seen;
        }
        return new StudyCounts(n[(int)TrialState.Waiting], n[(int)TrialState.Running], n[(int)TrialState.Completed],
            n[(int)TrialState.Failed], n[(int)TrialState.Pruned], n[(int)TrialState.Paused], last == default ? null : last);
    }

    /// <summary>When the log last spoke of a trial.</summary>
    public static DateTimeOffset LastSeen(Trial t)
    {
        DateTimeOffset seen = t.FinishedAt ?? t.StartedAt ?? t.Proposed.Time;
        return t.Reports.Count > 0 && t.Reports[^1].Time > seen ? t.Reports[^1].Time : seen;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("counts");
        json.WriteNumber("waiting", Waiting);
        json.WriteNumber("running", Running);
        json.WriteNumber("completed", Completed);
        json.WriteNumber("failed", Failed);
        json.WriteNumber("pruned", Pruned);
        json.WriteNumber("paused", Paused);
        json.WriteEndObject();
        json.Time("last", Last);
    }
}
