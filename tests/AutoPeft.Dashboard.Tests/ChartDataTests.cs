using System.Text.Json;
using System.Text.RegularExpressions;
using AutoPeft.Analysis.Importance;
using AutoPeft.Dashboard.Data;
using AutoPeft.Dashboard.Web;
using AutoPeft.Pareto;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Tests;

/// <summary>What the dashboard's charts are drawn from, against the study's own fold.</summary>
public sealed partial class ChartDataTests
{
    private static JsonElement Json(Action<Utf8JsonWriter> write) => JsonDocument.Parse(Payload.Object(write)).RootElement;

    [Fact]
    public async Task The_sample_of_a_small_study_is_all_its_completed_trials_with_their_codes()
    {
        Study study = Study.Of(LargeStudy.Log(LargeStudy.Definition("run", 310), 300));
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 300));
        JsonElement sample = await dashboard.GetAsync(await dashboard.StudyAsync("run") + "/sample");
        Assert.Equal(study.Completed.Count, sample.GetProperty("of").GetInt32());
        JsonElement[] rows = [.. sample.GetProperty("rows").EnumerateArray()];
        Assert.Equal(study.Completed.Select(t => t.Number), rows.Select(r => r[0].GetInt32()));
        Assert.Equal(Enumerable.Range(1, rows.Length), rows.Select(r => r[1].GetInt32()));
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(study.Completed[i].Values, rows[i][2].EnumerateArray().Select(v => v.GetDouble()));
            Assert.Equal(study.Completed[i].Configuration.Codes.ToArray(),
                rows[i][3].EnumerateArray().Select(c => c.ValueKind == JsonValueKind.Null ? double.NaN : c.GetDouble()));
        }
    }

    [Fact]
    public void The_sample_of_a_large_study_has_the_whole_front_and_no_more_than_a_chart_can_show()
    {
        Study study = Study.Of(LargeStudy.Log(LargeStudy.Definition("run", null), 6000, curves: false));
        int[] front = [.. ParetoFront.Of(study).Select(t => t.Number)];
        JsonElement sample = Json(json => TrialSample.Write(json, study, front));
        int[] numbers = [.. sample.GetProperty("rows").EnumerateArray().Select(r => r[0].GetInt32())];
        Assert.Equal(TrialSample.MaxTrials, numbers.Length);
        Assert.Equal(numbers.Distinct().Order(), numbers);
        Assert.Empty(front.Except(numbers));
        Assert.True(front.Length > 5);
        Assert.All(numbers.CountBy(n => n / 1000), part => Assert.InRange(part.Value, 500, 800));
    }

    [Fact]
    public void The_timeline_has_a_bar_for_each_trial_and_what_is_left_out_is_made_up_for()
    {
        Study study = Study.Of(LargeStudy.Log(LargeStudy.Definition("run", null), 15_000, curves: false));
        JsonElement all = Json(json => TimelineSample.Write(json, study, 1));
        Assert.Equal(["node/cpu:0", "node/cpu:1"], all.GetProperty("workers").EnumerateArray().Select(w => w.GetString()));
        JsonElement[] bars = [.. all.GetProperty("bars").EnumerateArray()];
        Assert.Equal((15_000, TimelineSample.MaxBars), (all.GetProperty("of").GetInt32(), bars.Length));
        Assert.Equal(15_000, bars.Sum(b => b[5].GetDouble()), 5.0);
        // Whatever failed or runs is there.
        Assert.Equal(study.Trials.Where(t => t.State is TrialState.Failed or TrialState.Running).Select(t => t.Number),
            bars.Where(b => (TrialState)b[2].GetInt32() is TrialState.Failed or TrialState.Running).Select(b => b[0].GetInt32()));
        Assert.All(bars, b => Assert.True(b[4].ValueKind == JsonValueKind.Null || b[4].GetDouble() >= b[3].GetDouble()));
        double end = all.GetProperty("end").GetDouble();
        Assert.InRange(end, 2.9 * 14_990, 2.9 * 15_010);
        JsonElement part = Json(json => TimelineSample.Write(json, study, 0.1));
        Assert.Equal(0.9 * end, part.GetProperty("start").GetDouble(), 1e-6 * end);
        Assert.InRange(part.GetProperty("of").GetInt32(), 1495, 1505);
    }

    [Fact]
    public void A_study_in_which_nothing_has_started_has_an_empty_timeline()
    {
        var study = Study.Of([new StudyCreated(DateTimeOffset.UtcNow, LargeStudy.Definition("run", 10))]);
        JsonElement empty = Json(json => TimelineSample.Write(json, study, 1));
        Assert.Equal((0, 0.0), (empty.GetProperty("bars").GetArrayLength(), empty.GetProperty("end").GetDouble()));
        Assert.Equal(0, Json(json => TrialSample.Write(json, study, [])).GetProperty("of").GetInt32());
    }

    [Fact]
    public async Task Importance_is_what_the_analysis_says()
    {
        Study study = Study.Of(LargeStudy.Log(LargeStudy.Definition("run", 70), 60));
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 60));
        JsonElement insight = await dashboard.GetAsync(await dashboard.StudyAsync("run") + "/insight");
        Assert.Equal(study.Completed.Count, insight.GetProperty("completed").GetInt32());
        ImportanceReport expected = ImportanceAnalysis.Of(study, 0, ImportanceOptions.Standard);
        JsonElement first = insight.GetProperty("importance")[0];
        IEnumerable<string?> names = first.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString());
        Assert.Equal(expected.Parameters.Select(p => p.Parameter), names);
        Assert.Equal(2, insight.GetProperty("winner").GetArrayLength());
    }

    [Theory]
    [InlineData("timeline?slices=0")]
    [InlineData("timeline?slices=many")]
    public async Task A_part_that_is_none_is_refused_in_one_line(string asked)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 3));
        (int status, JsonElement answer) = await dashboard.SendAsync(HttpMethod.Get, $"{await dashboard.StudyAsync("run")}/{asked}");
        Assert.Equal(400, status);
        Assert.Contains("'slices'", answer.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_name_is_declared_twice_in_the_pages_scripts()
    {
        // They share one scope: the second declaration of a function would take the first one's place without a word.
        string script = System.Text.Encoding.UTF8.GetString(PageAssets.ByPath["/app.js"].Content.Span);
        string[] names = [.. TopLevel().Matches(script).Select(m => m.Groups[1].Value)];
        Assert.True(names.Length > 150);
        Assert.Equal(names.Distinct(), names);
    }

    [GeneratedRegex(@"^(?:async )?(?:function|class|const|let) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TopLevel();
}
