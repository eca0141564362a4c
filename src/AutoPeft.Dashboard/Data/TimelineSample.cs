using System.Text.Json;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Data;

/// <summary>
/// The last attempt of each trial as a bar in the lane of its worker, seconds from the first proposal. Where there are more than a screen
/// can show, all that run or failed are kept and of the others evenly many. A bar is an array: number, worker's place, state, from, to
/// (null while it runs), how many trials it stands for.
/// </summary>
internal static class TimelineSample
{
    /// <summary>Bars in one answer: several for each pixel of a wide screen.</summary>
    public const int MaxBars = 6000;

    private readonly record struct Bar(Trial Trial, double From, double? To);

    /// <summary>Writes the bars of the last <paramref name="part"/> of the study's time.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="study">Whose trials.</param>
    /// <param name="part">Share of the time that is shown, above 0 and at most 1, from its end.</param>
    public static void Write(Utf8JsonWriter json, IStudyView study, double part)
    {
        static DateTimeOffset First(Trial t) => t.StartedAt is { } s && s < t.Proposed.Time ? s : t.Proposed.Time;
        DateTimeOffset origin = study.Trials.Count > 0 ? study.Trials.Min(First) : default;
        double Seconds(DateTimeOffset time) => (time - origin).TotalSeconds;
        Trial[] started = [.. study.Trials.Where(t => t is { Worker: not null, StartedAt: not null }
            && (t.HasEnded || t.State == TrialState.Running))];
        // A clock that was set back ends a trial before its start: it gets no width rather than a negative one.
        Bar[] all = [.. started.Select(t => new Bar(t, Seconds(t.StartedAt!.Value),
            t.HasEnded ? Math.Max(Seconds(t.StartedAt!.Value), Seconds(t.FinishedAt ?? t.StartedAt!.Value)) : null))];
        double end = all.Length == 0 ? 0 : all.Max(b => b.To ?? Math.Max(b.From, Seconds(StudyCounts.LastSeen(b.Trial))));
        double start = end * (1 - part);
        Bar[] shown = [.. all.Where(b => (b.To ?? end) >= start)];
        string[] workers = [.. started.Select(t => t.Worker!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Dictionary<string, int> place = workers.Select((w, i) => (w, i)).ToDictionary(w => w.w, w => w.i, StringComparer.Ordinal);

        json.WriteNumber("start", start);
        json.WriteNumber("end", end);
        json.WriteNumber("of", shown.Length);
        json.WriteStartArray("workers");
        foreach (string worker in workers) json.WriteStringValue(worker);
        json.WriteEndArray();
        json.WriteStartArray("bars");
        foreach ((Bar bar, double weight) in Thin(shown))
        {
            json.WriteStartArray();
            json.WriteNumberValue(bar.Trial.Number);
            json.WriteNumberValue(place[bar.Trial.Worker!]);
            json.WriteNumberValue((int)bar.Trial.State);
            json.WriteNumberValue(Math.Round(Math.Max(bar.From, start), 3));
            if (bar.To is { } to) json.WriteNumberValue(Math.Round(to, 3));
            else json.WriteNullValue();
            json.WriteNumberValue(Math.Round(weight, 3));
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static IEnumerable<(Bar Bar, double Weight)> Thin(Bar[] bars)
    {
        if (bars.Length <= MaxBars) return bars.Select(b => (b, 1.0));
        Bar[] always = [.. bars.Where(b => b.Trial.State is TrialState.Running or TrialState.Failed).Take(MaxBars / 2)];
        Bar[] others = [.. bars.Where(b => b.Trial.State is not (TrialState.Running or TrialState.Failed))];
        int room = Math.Min(others.Length, MaxBars - always.Length);
        IEnumerable<Bar> kept = Enumerable.Range(0, room).Select(i => others[(int)((long)i * others.Length / room)]);
        return kept.Select(b => (b, others.Length / (double)room)).Concat(always.Select(b => (b, 1.0)));
    }
}
