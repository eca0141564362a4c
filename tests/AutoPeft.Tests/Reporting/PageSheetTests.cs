using System.Text.Json;
using System.Text.RegularExpressions;
using AutoPeft.Reporting;
using AutoPeft.Studies;
using Jint;

namespace AutoPeft.Tests.Reporting;

/// <summary>What the charts of parameters draw, worked out as the browser does.</summary>
public sealed partial class PageSheetTests
{
    private static readonly string[] Scripts =
        ["dom.js", "scales.js", "space.js", "state.js", "sheet.js", "brush.js", "slices.js", "contour.js"];

    /// <summary>The charts' scripts over the trials of a report.</summary>
    private static Engine Of(Study study)
    {
        Engine page = PageScripts.Load(Scripts);
        page.SetValue("text", new ReportPageText(StudyReport.Html(study, new StudyReportOptions { Insight = false })).Data.GetRawText());
        page.Execute("""
            const data = JSON.parse(text);
            const trials = data.trials.map(t => ({ ...t, values: t.values?.map(real), done: t.state === "completed" }));
            for (const n of data.front) trials[n].onFront = true;
            const completed = data.completed.map(n => trials[n]);
            changeSheet({
              parameters: data.space.parameters, fields: fieldsOf(data.space.parameters), trials, completed, of: completed.length,
              objectives: objectivesOf(data.objectives.map(o => ({ ...o, minimize: o.direction === "minimize" })), completed),
            });
            """);
        return page;
    }

    [Fact]
    public void A_sample_of_many_trials_has_the_whole_front_and_keeps_their_order()
    {
        Engine page = PageScripts.Load(Scripts);
        page.Execute("const many = Array.from({ length: 50000 }, (_, number) => ({ number, onFront: number % 997 === 5 }));");
        page.Execute("const kept = sampleOf(many);");
        int[] kept = [.. page.Json("kept.map(t => t.number)").EnumerateArray().Select(n => n.GetInt32())];
        Assert.Equal(4000, kept.Length);
        Assert.Equal(kept.Order(), kept);
        Assert.Equal(Enumerable.Range(0, 50_000).Where(n => n % 997 == 5), kept.Where(n => n % 997 == 5));
        // Evenly: no stretch of a tenth has more than twice its share.
        Assert.All(kept.CountBy(n => n / 5000), tenth => Assert.InRange(tenth.Value, 300, 500));
        Assert.Equal(50, page.Evaluate("sampleOf(many.slice(0, 50)).length").AsNumber());
    }

    [Fact]
    public void A_cell_of_the_contour_is_the_median_of_the_trials_that_fell_into_it()
    {
        Study study = ReportStudies.Mixed(400);
        Engine page = Of(study);
        int method = study.Definition.Space.IndexOf("method"), rank = study.Definition.Space.IndexOf("rank");
        page.Execute("const d = sheet.fields.map(dimension), at = name => d.findIndex(q => q.label === name);");
        page.Execute("const view = { objective: 0, x: at('method'), y: at('rank') };");
        JsonElement cells = page.Json("contourOf(view, d).cells");
        // Where the method has no rank, all its trials are in one cell of the lane for what is inactive.
        string[] choices = ["lora", "dora", "serial adapter", "prefix tuning", "bitfit", "ia3"];
        foreach (int choice in (int[])[2, 3, 4, 5])
        {
            Trial[] those = [.. study.Completed.Where(t => t.Configuration.Codes[method] == choice)];
            double[] values = [.. those.Select(t => t.Values[0]).Order()];
            Assert.All(those, t => Assert.True(double.IsNaN(t.Configuration.Codes[rank])));
            JsonElement cell = cells.EnumerateArray().Single(c => c.GetProperty("i").GetInt32() == choice);
            Assert.Equal((-1, values.Length), (cell.GetProperty("j").GetInt32(), cell.GetProperty("count").GetInt32()));
            double median = (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
            Assert.Equal(median, cell.GetProperty("value").GetDouble(), 1e-12);
            Assert.Equal(choices[choice], page.Evaluate($"contourAxis(d[view.x], 20).say({choice})").AsString());
        }
        Assert.Equal(study.Completed.Count, cells.EnumerateArray().Sum(c => c.GetProperty("count").GetInt32()));
    }

    [Fact]
    public void A_slice_has_the_trials_in_which_its_parameter_is_inactive_apart()
    {
        Study study = ReportStudies.Mixed(200);
        Engine page = Of(study);
        int rank = study.Definition.Space.IndexOf("rank"), idle = study.Completed.Count(t => double.IsNaN(t.Configuration.Codes[rank]));
        page.Execute("const slice = slicePoints(dimension(sheet.fields.find(f => f.label === 'rank')), sheet.objectives[0]);");
        Assert.Equal(idle, page.Evaluate("slice.idle.length").AsNumber());
        Assert.Equal(study.Completed.Count - idle, page.Evaluate("slice.points.length").AsNumber());
        Assert.InRange(idle, 20, 180);
    }

    [Fact]
    public void A_cell_between_two_whole_numbers_belongs_to_the_nearer_one()
    {
        Engine page = Of(ReportStudies.Mixed(50));
        JsonElement source = page.Json("contourAxis(dimension(sheet.fields.find(f => f.label === 'rank')), 24).source");
        int[] of = [.. source.EnumerateArray().Select(c => c.GetInt32())];
        // 24 cells of equal width in the logarithm of 1 to 64; each shows the cell in which its centre's nearest whole number lies.
        for (int i = 0; i < 24; i++)
        {
            double nearest = Math.Round(Math.Pow(64, (i + 0.5) / 24));
            Assert.Equal(Math.Min(23, (int)Math.Floor(Math.Log(nearest) / Math.Log(64) * 24)), of[i]);
        }
    }

    [Theory]
    [InlineData("[1e308, -1e308, 0, 1, 2, 3, 4, 5, 6, 7]")]
    [InlineData("[NaN, Infinity, -Infinity, 1, 2, 3, 4, 5, 6, 7]")]
    [InlineData("[1e-320, 1e308, 1, 2, 3, 4, 5, 6, 7, 8]")]
    public void Values_at_the_ends_of_what_a_double_holds_leave_every_position_a_number(string values)
    {
        Engine page = PageScripts.Load(Scripts);
        page.Execute($$"""
            const parameters = [{ name: "x", type: "float", low: -1e308, high: 1e308 }, { name: "y", type: "int", low: 0, high: 100 }];
            const codes = number => [(number - 5) * 2e307, number * 10];
            const trial = (v, number) => ({ number, done: true, state: "completed", values: [v], codes: codes(number) });
            const completed = {{values}}.map(trial), objectives = objectivesOf([{ name: "v", minimize: true }], completed);
            changeSheet({ parameters, fields: fieldsOf(parameters), trials: completed, completed, of: 10, objectives });
            const d = sheet.fields.map(dimension), found = contourOf({ objective: 0, x: 0, y: 1 }, d);
            const sc = scale(sheetRange(sheet.objectives[0]), 0, 1), inside = u => Number.isFinite(u) && u >= 0 && u <= 1;
            """);
        Assert.True(page.Evaluate("found.cells.length > 0").AsBoolean());
        Assert.True(page.Evaluate("found.cells.every(c => c.i >= 0 && c.i < 24 && inside(sc.unit(c.value)))").AsBoolean());
        Assert.True(page.Evaluate("completed.every(t => inside(d[0].place(t)) && inside(d[1].place(t)))").AsBoolean());
        Assert.True(page.Evaluate("Number.isFinite(sliceStrength(d[1], slicePoints(d[1], sheet.objectives[0]).points))").AsBoolean());
    }

    [Fact]
    public void No_name_is_declared_twice_in_the_reports_scripts()
    {
        // They share one scope: the second declaration of a function would take the first one's place without a word.
        string script = new ReportPageText(StudyReport.Html(ReportStudies.Single(3))).Script;
        string[] names = [.. TopLevel().Matches(script).Select(m => m.Groups[1].Value)];
        Assert.True(names.Length > 150);
        Assert.Equal(names.Distinct(), names);
    }

    [GeneratedRegex(@"^(?:async )?(?:function|class|const|let) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TopLevel();
}
