using System.Text.Json;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Tests.Studies;

/// <summary>Definitions recorded when what a study runs, and its earlier studies, were texts in a bag of settings.</summary>
public sealed class RecordedSettingsTests
{
    private const string Start =
        """{"name":"s","space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"y"}],"settings":""";

    [Fact]
    public void Earlier_studies_and_the_problem_come_to_their_places()
    {
        StudyDefinition d = Read("""{"earlier":"[{\"study\":\"a\",\"trials\":[[0.5,2],[0.25,null]]}]","task":"polarity"}}""");
        EarlierStudy earlier = Assert.Single(d.Earlier);
        Assert.Equal(("a", 2), (earlier.Name, earlier.Trials.Length));
        Assert.Equal((0.5, 2.0), (earlier.Trials[0].Configuration.GetDouble("x"), earlier.Trials[0].Losses[0]));
        Assert.True(double.IsNaN(earlier.Trials[1].Losses[0]));
        Assert.Equal("polarity", d.Problem!.Value.GetProperty("settings").GetProperty("task").GetString());
        Assert.False(d.Problem!.Value.GetProperty("settings").TryGetProperty("earlier", out _));
    }

    [Fact]
    public void What_is_written_of_them_reads_back_equal()
    {
        StudyDefinition d = Read("""{"earlier":"[{\"study\":\"a\",\"trials\":[[0.5,2],[0.25,null]]}]","task":"polarity"}}""");
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            DefinitionJson.Write(w, d);
            w.WriteEndObject();
        }
        using JsonDocument written = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(d, DefinitionJson.Read(written.RootElement));
        Assert.Equal(["earlier studies none instead of a (2 trials)", "task rte instead of polarity"],
            d.DifferencesFrom(Read("""{"task":"rte"}}""")));
    }

    [Fact]
    public void Pages_show_recorded_settings_by_their_own_names()
    {
        using JsonDocument shown = JsonDocument.Parse(Page(Read("""{"task":"polarity","model":"m"}}""")));
        Assert.Equal(("polarity", "m"),
            (shown.RootElement.GetProperty("task").GetString(), shown.RootElement.GetProperty("model").GetString()));
    }

    [Fact]
    public void Problems_differ_where_their_json_differs_and_say_at_which_path()
    {
        StudyDefinition Runs(string problem) =>
            Read("{}}") with { Problem = JsonElement.Parse(problem) };
        StudyDefinition d = Runs("""{"training":{"epochs":1,"stop":{}},"tasks":[1]}""");
        Assert.Equal("""{"training.epochs":"1","training.stop":"{}","tasks":"[1]"}""", Page(d));
        Assert.Empty(d.DifferencesFrom(Runs("""{"tasks":[1.0],"training":{"stop":{},"epochs":1.0}}""")));
        Assert.Equal(["training.epochs \"1\" instead of 1", "training.stop none instead of {}"],
            d.DifferencesFrom(Runs("""{"training":{"epochs":"1"},"tasks":[1]}""")));
    }

    [Theory]
    [InlineData("""{"earlier":"[{\"study\":\"a\",\"trials\":[[1]]}]"}}""", "'earlier'")]
    [InlineData("""{"earlier":"[{"}}""", "'earlier'")]
    [InlineData("""{"task":3}}""", "names and texts")]
    [InlineData("""7}""", "names and texts")]
    public void Settings_that_are_none_are_refused(string settings, string says) =>
        Assert.Contains(says, Assert.Throws<InvalidInputException>(() => Read(settings)).Message);

    [Fact]
    public void A_problem_that_is_no_object_is_refused()
    {
        using JsonDocument json = JsonDocument.Parse(Start.Replace("\"settings\":", "\"problem\":", StringComparison.Ordinal) + "[1]}");
        Assert.Contains("'problem'", Assert.Throws<InvalidInputException>(() => DefinitionJson.Read(json.RootElement)).Message);
    }

    private static string Page(StudyDefinition definition)
    {
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            ReportDefinition.WriteProblem(w, definition);
            w.WriteEndObject();
        }
        return JsonElement.Parse(stream.ToArray()).GetProperty("settings").GetRawText();
    }

    private static StudyDefinition Read(string settings)
    {
        using JsonDocument json = JsonDocument.Parse(Start + settings);
        return DefinitionJson.Read(json.RootElement);
    }
}
