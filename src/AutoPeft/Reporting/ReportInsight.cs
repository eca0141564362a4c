using System.Globalization;
using System.Text.Json;
using AutoPeft.Analysis.Importance;
using AutoPeft.Analysis.Winners;
using AutoPeft.Studies;

namespace AutoPeft.Reporting;

/// <summary>
/// What the analyses say of a study, in the page's data: the winner by each objective with luck taken out, and which parameters matter.
/// Where there is nothing to say, one line says why: an analysis never fails a report.
/// </summary>
internal static class ReportInsight
{
    /// <summary>Curves of partial dependence that are shown, of the most important parameters.</summary>
    private const int MostCurves = 6;

    /// <summary>Pairs that are shown, where they explain at least a hundredth and their interval is above 0.</summary>
    private const int MostPairs = 5;

    public static void Write(
        Utf8JsonWriter json, IStudyView study, IReadOnlyDictionary<string, IReadOnlyDictionary<int, IReadOnlyList<double>>>? repeats)
    {
        if (study.Completed.Count == 0) return;
        json.WriteStartArray("winner");
        for (int j = 0; j < study.Definition.Objectives.Length; j++)
            Section(json, study, j, () => StudyWinner.Of(study, j, repeats?.GetValueOrDefault(study.Definition.Objectives[j].Name)), Write);
        json.WriteEndArray();
        json.WriteStartArray("importance");
        for (int j = 0; j < study.Definition.Objectives.Length; j++)
            Section(json, study, j, () => ImportanceAnalysis.Of(study, j, ImportanceOptions.Standard), Write);
        json.WriteEndArray();
    }

    private static void Section<T>(Utf8JsonWriter json, IStudyView study, int objective, Func<T> analyse, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject();
        json.WriteString("objective", study.Definition.Objectives[objective].Name);
        T? found = default;
        string? reason = null;
        try
        {
            found = analyse();
        }
        catch (InvalidInputException e)
        {
            reason = e.Message;
        }
        catch (Exception e) when (e is ArithmeticException or InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // A study that an analysis cannot take is worth a line, and its report is worth more.
            reason = $"The analysis failed: {e.Message.ReplaceLineEndings(" ")}";
        }
        if (reason is null) write(json, found!);
        else json.WriteString("reason", reason);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, StudyWinner w)
    {
        json.WriteNumber("trial", w.Trial);
        json.WriteNumber("runs", w.Runs);
        json.WriteNumber("candidates", w.Candidates);
        json.Number("observed", w.Observed);
        json.Number("corrected", w.Corrected);
        json.Number("worse", w.Worse);
        json.Number("better", w.Better);
        json.WriteBoolean("told", w.IsTold);
        json.WriteString("noise", w.Source.ToString().ToLowerInvariant());
        if (w.Ties.IsEmpty) return;
        json.WriteStartArray("ties");
        foreach (int trial in w.Ties) json.WriteNumberValue(trial);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, ImportanceReport r)
    {
        json.WriteString("method", r.MethodName);
        json.WriteNumber("trials", r.Trials);
        if (r.Explained is { } explained) json.Number("explained", explained);
        // Shares are then of the variance of the logarithm, and effects of switches ratios.
        if (r.IsLogarithmic) json.WriteBoolean("ratio", true);
        json.WriteStartArray("limits");
        foreach (string limit in r.Limits) json.WriteStringValue(limit);
        json.WriteEndArray();
        Objects(json, "parameters", r.Parameters, p =>
        {
            json.WriteString("name", p.Parameter);
            Write(json, p.Main);
            if (p.Total is { } total) json.Number("total", Short(total));
        });
        Objects(json, "pairs", r.Interactions.Where(i => i.Share.Value >= 0.01 && !(i.Share.Low <= 0)).Take(MostPairs), i =>
        {
            json.WriteString("first", i.First);
            json.WriteString("second", i.Second);
            Write(json, i.Share);
        });
        Objects(json, "curves",
            r.Parameters.Take(MostCurves).Select(p => r.Dependence.FirstOrDefault(d => d.Parameter == p.Parameter))
                .OfType<PartialDependence>(), curve =>
        {
            json.WriteString("name", curve.Parameter);
            Objects(json, "points", curve.Points, point =>
            {
                json.WriteString("at", point.Value);
                Write(json, point.Objective);
            });
        });
        Objects(json, "switches", r.Switches, s =>
        {
            json.WriteString("name", s.Parameter);
            Write(json, s.Effect);
        });
    }

    private static void Objects<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, IntervalEstimate e)
    {
        json.Number("value", Short(e.Value));
        json.Number("low", Short(e.Low));
        json.Number("high", Short(e.High));
    }

    /// <summary>To six digits: a model's estimates have no more, and a page with curves has many.</summary>
    private static double Short(double v) =>
        double.IsFinite(v) && v != 0 && Math.Abs(v) is > 1e-290 and < 1e290
            && Math.Pow(10, 5 - Math.Floor(Math.Log10(Math.Abs(v)))) is var scale && double.IsFinite(scale)
            ? Math.Round(v * scale) / scale
            : v;
}
