using System.Text.Json;
using AutoPeft.Cli.AskTell;

namespace AutoPeft.Cli.Tests;

public class AskTellTests
{
    private const string Study = """{"study":{"space":[{"name":"lr","type":"float","low":1e-5,"high":0.01,"log":true},"""
        + """{"name":"method","type":"categorical","choices":["lora","ia3"]},{"name":"rank","type":"int","low":1,"high":64,"log":"""
        + """true,"when":{"method":["lora"]}}],"objectives":[{"name":"error","direction":"minimize"}],"sampler":"random","seed":3}}""";

    [Fact]
    public async Task A_study_is_asked_told_and_gives_its_front()
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"ask":2}""", """{"report":{"number":0,"step":1,"values":[0.4]}}""",
            """{"tell":{"number":0,"values":[0.31]}}""",
            """{"tell":{"number":1,"values":[0.2]}}""", """{"front":true}""");
        Assert.True(answers[0].GetProperty("ok").GetBoolean());
        Assert.Equal([0, 1], answers[1].GetProperty("trials").EnumerateArray().Select(t => t.GetProperty("number").GetInt32()));
        Assert.Equal("continue", answers[2].GetProperty("decision").GetString());
        JsonElement best = Assert.Single(answers[5].GetProperty("front").EnumerateArray());
        Assert.Equal(1, best.GetProperty("number").GetInt32());
        Assert.Equal(0.2, best.GetProperty("values")[0].GetDouble());
    }

    [Fact]
    public async Task An_inactive_parameter_is_absent_from_the_answer()
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"ask":50}""");
        foreach (JsonElement t in answers[1].GetProperty("trials").EnumerateArray())
        {
            JsonElement p = t.GetProperty("params");
            Assert.Equal(p.GetProperty("method").GetString() == "lora", p.TryGetProperty("rank", out _));
        }
    }

    [Theory]
    [InlineData("""{"ask":0}""", "'ask'")]
    [InlineData("""{"ask":"two"}""", "'ask'")]
    [InlineData("""{"tell":{"number":9,"values":[1]}}""", "never asked")]
    [InlineData("""{"tell":{"number":0,"values":[1,2]}}""", "2 value(s) for 1 objective(s)")]
    [InlineData("""{"tell":{"number":0}}""", "'values' are missing")]
    [InlineData("""{"tell":{"number":0,"state":"lost"}}""", "'lost'")]
    [InlineData("""{"tell":{}}""", "'number' is missing")]
    [InlineData("""{"stop":1}""", "'stop' is no message")]
    [InlineData("""[1]""", "one JSON object")]
    [InlineData("""{"ask":1,"front":true}""", "one member")]
    [InlineData("""{"tell":{"number":0,"number":1,"values":[1]}}""", "duplicate property 'number'")]
    [InlineData("nonsense", "not JSON")]
    [InlineData("""{"study":{"space":[],"objectives":[]}}""", "already")]
    public async Task A_bad_line_is_answered_with_an_error_and_changes_nothing(string line, string says)
    {
        JsonElement[] answers =
            await ConverseAsync(Study, """{"ask":1}""", line, """{"tell":{"number":0,"values":[0.5]}}""", """{"ask":1}""");
        Assert.Contains(says, answers[2].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.True(answers[3].GetProperty("ok").GetBoolean());
        Assert.Equal(1, answers[4].GetProperty("trials")[0].GetProperty("number").GetInt32());
    }

    [Fact]
    public async Task A_scheduler_stops_what_is_worse_than_those_before_it()
    {
        string study = Study.Replace("\"sampler\"", "\"scheduler\":\"median:startup=2\",\"sampler\"", StringComparison.Ordinal);
        JsonElement[] answers = await ConverseAsync(study, """{"ask":3}""",
            """{"report":{"number":0,"step":1,"values":[0.4]}}""", """{"report":{"number":1,"step":1,"values":[0.5]}}""",
            """{"report":{"number":2,"step":1,"metrics":{"error":0.9,"loss":"NaN"}}}""",
            """{"tell":{"number":2,"state":"pruned"}}""", """{"report":{"number":2,"step":2,"values":[0.1]}}""");
        Assert.Equal("median", answers[0].GetProperty("scheduler").GetString());
        Assert.Equal(["continue", "continue", "stop"], answers[2..5].Select(a => a.GetProperty("decision").GetString()));
        Assert.True(answers[5].GetProperty("ok").GetBoolean());
        Assert.Contains("has ended already", answers[6].GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trial_that_is_paused_comes_back_with_its_step_when_it_is_among_the_best()
    {
        string study = Study.Replace("\"sampler\"", "\"scheduler\":\"asha:min=1,eta=2,max=4\",\"sampler\"", StringComparison.Ordinal);
        JsonElement[] answers = await ConverseAsync(study, """{"ask":2}""", """{"report":{"number":0,"step":1,"values":[0.4]}}""",
            """{"tell":{"number":0,"state":"paused"}}""",
            """{"report":{"number":1,"step":1,"values":[0.5]}}""", """{"tell":{"number":1,"state":"paused"}}""", """{"ask":2}""",
            """{"report":{"number":0,"step":2,"values":[0.3]}}""", """{"tell":{"number":1,"values":[0.5]}}""",
            """{"tell":{"number":0,"values":[0.2]}}""");
        Assert.Equal(["pause", "pause"], new[] { answers[2], answers[4] }.Select(a => a.GetProperty("decision").GetString()));
        JsonElement[] asked = [.. answers[6].GetProperty("trials").EnumerateArray()];
        // Of two at the rung the better goes on, before anything new.
        Assert.Equal([0, 2], asked.Select(t => t.GetProperty("number").GetInt32()));
        Assert.Equal(1, asked[0].GetProperty("resume_from").GetInt64());
        Assert.False(asked[1].TryGetProperty("resume_from", out _));
        Assert.Equal("pause", answers[7].GetProperty("decision").GetString());
        Assert.Contains("is paused", answers[8].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.True(answers[9].GetProperty("ok").GetBoolean());
    }

    [Theory]
    [InlineData("""{"report":{"number":0,"values":[1]}}""", "'step'")]
    [InlineData("""{"report":{"number":0,"step":1}}""", "'values', one per objective, or 'metrics' by name")]
    [InlineData("""{"report":{"number":0,"step":1,"metrics":[1]}}""", "an object of names and numbers")]
    [InlineData("""{"report":{"number":0,"step":1,"metrics":{"error":"much"}}}""", "much")]
    [InlineData("""{"report":{"number":7,"step":1,"values":[1]}}""", "never asked")]
    [InlineData("""{"tell":{"number":0,"state":"paused"}}""", "has not reported")]
    public async Task A_bad_report_is_answered_with_an_error_and_leaves_the_trial_as_it_was(string line, string says)
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"ask":1}""", line, """{"report":{"number":0,"step":1,"values":[0.5]}}""");
        Assert.Contains(says, answers[2].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("continue", answers[3].GetProperty("decision").GetString());
    }

    [Fact]
    public async Task A_scheduler_that_does_not_exist_leaves_no_study_behind()
    {
        JsonElement[] answers =
            await ConverseAsync(Study.Replace("\"sampler\"", "\"scheduler\":\"oracle\",\"sampler\"", StringComparison.Ordinal), Study);
        Assert.Contains("no scheduler 'oracle'", answers[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.True(answers[1].GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task A_told_trial_cannot_be_told_again()
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"ask":1}""", """{"tell":{"number":0,"values":[0.5]}}""",
            """{"tell":{"number":0,"values":[0.1]}}""", """{"front":true}""");
        Assert.Contains("has ended already", answers[3].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(0.5, answers[4].GetProperty("front")[0].GetProperty("values")[0].GetDouble());
    }

    [Fact]
    public async Task Values_that_are_not_finite_make_a_failed_trial_and_the_study_goes_on()
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"ask":3}""", """{"tell":{"number":0,"values":["NaN"]}}""",
            """{"tell":{"number":1,"values":[null]}}""",
            """{"tell":{"number":2,"values":["Infinity"]}}""", """{"ask":1}""", """{"front":true}""");
        Assert.All(answers[2..5], a => Assert.True(a.GetProperty("ok").GetBoolean()));
        Assert.Equal(3, answers[5].GetProperty("trials")[0].GetProperty("number").GetInt32());
        Assert.Empty(answers[6].GetProperty("front").EnumerateArray());
    }

    [Theory]
    [InlineData("""{"study":{"objectives":[{"name":"e"}]}}""", "'space' is missing")]
    [InlineData("""{"study":{"space":[],"objectives":[{"name":"e"}],"settings":{"a":"1","a":"2"}}}""", "duplicate property 'a'")]
    [InlineData("""{"study":{"space":[],"objectives":[{"name":"e"}],"seed":1,"seed":2}}""", "duplicate property 'seed'")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}]}}""", "'objectives' are missing")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":1,"high":0}],"objectives":[{"name":"e"}]}}""", "'x'")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e","direction":"up"}]}}""",
        "'up'")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e"}],"sampler":"oracle"}}""",
        "oracle")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e"}],"reference":[1,2]}}""",
        "2 number(s) for 1")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e"}],"require":["x > y"]}}""",
        "'y'")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e","formula":"2 * y"}]}}""",
        "Objective 'e': Formula '2 * y'")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e","formula":2}]}}""",
        "'formula' must be a text")]
    [InlineData("""{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e"}],"budgte":3}}""", "budgte")]
    public async Task A_bad_study_is_refused_and_a_good_one_may_follow(string line, string says)
    {
        JsonElement[] answers = await ConverseAsync(line, Study, """{"ask":1}""");
        Assert.Contains(says, answers[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.True(answers[1].GetProperty("ok").GetBoolean());
        Assert.Single(answers[2].GetProperty("trials").EnumerateArray());
    }

    [Fact]
    public async Task A_result_that_its_formula_contradicts_is_refused_and_the_right_one_may_follow()
    {
        JsonElement[] answers = await ConverseAsync(
            """{"study":{"space":[{"name":"n","type":"int","low":3,"high":3}],"objectives":[{"name":"e"},{"name":"size","formula":"100 * """
                + """n"}]}}""",
            """{"ask":1}""", """{"tell":{"number":0,"values":[0.5,301]}}""", """{"tell":{"number":0,"values":[0.5,300]}}""");
        Assert.Equal("Trial 0: objective 'size' came back 301, and its formula gives 300; correct the formula or the result.",
            answers[2].GetProperty("error").GetString());
        Assert.True(answers[3].GetProperty("ok").GetBoolean());
    }

    [Theory]
    [InlineData("", "The line is empty")]
    [InlineData("   ", "The line is empty")]
    [InlineData("""{"tell":{"number":0,"values":[NaN]}}""", "bare NaN or Infinity, which JSON has not")]
    [InlineData("""{"report":{"number":0,"step":1,"values":[-Infinity]}}""", "\"state\":\"failed\"")]
    [InlineData("""{"enqueue":{"lr":1}}""", "'lr'")]
    [InlineData("""{"add":{"params":{"lr":0.001,"method":"ia3"}}}""", "'values' are missing")]
    [InlineData("""{"add":{"params":{"lr":0.001,"method":"ia3"},"values":["NaN"]}}""", "cannot be added")]
    [InlineData("""{"write":true}""", "no journal; name a directory")]
    public async Task A_line_that_cannot_be_served_is_answered_with_what_to_send_and_adds_no_trial(string line, string says)
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"ask":1}""", line, """{"ask":1}""");
        Assert.Contains(says, answers[2].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, answers[3].GetProperty("trials")[0].GetProperty("number").GetInt32());
    }

    [Fact]
    public async Task The_word_NaN_within_a_string_is_no_number()
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"ask":1}""",
            """{"tell":{"number":0,"state":"failed","error":"loss is NaN, not Infinity"}}""");
        Assert.True(answers[2].GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task What_is_enqueued_is_asked_for_next_what_is_known_is_on_the_front_and_what_failed_comes_again()
    {
        JsonElement[] answers = await ConverseAsync(Study, """{"add":{"params":{"lr":0.001,"method":"ia3"},"values":[0.1]}}""",
            """{"enqueue":{"lr":0.002,"method":"ia3"}}""",
            """{"ask":2}""", """{"tell":{"number":1,"state":"failed","error":"x"}}""", """{"retry":true}""", """{"ask":1}""",
                """{"tell":{"number":1,"values":[0.5]}}""", """{"front":true}""");
        Assert.Equal([0, 1], answers[1..3].Select(a => a.GetProperty("number").GetInt32()));
        JsonElement[] asked = [.. answers[3].GetProperty("trials").EnumerateArray()];
        Assert.Equal([1, 2], asked.Select(t => t.GetProperty("number").GetInt32()));
        Assert.Equal(0.002, asked[0].GetProperty("params").GetProperty("lr").GetDouble());
        Assert.Equal(1, answers[5].GetProperty("waiting").GetInt32());
        Assert.Equal(1, answers[6].GetProperty("trials")[0].GetProperty("number").GetInt32());
        Assert.Equal((0, 0.1),
            (answers[8].GetProperty("front")[0].GetProperty("number").GetInt32(),
            answers[8].GetProperty("front")[0].GetProperty("values")[0].GetDouble()));
    }

    [Fact]
    public async Task A_journal_keeps_the_study_for_the_next_process_which_may_give_it_more_trials()
    {
        string directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;
        try
        {
            string study = Study.Replace("\"seed\":3", $"\"seed\":3,\"budget\":3,\"journal\":{JsonSerializer.Serialize(directory)}",
                StringComparison.Ordinal);
            JsonElement[] first = await ConverseAsync(study, """{"ask":3}""", """{"tell":{"number":0,"values":[0.3]}}""",
                """{"report":{"number":1,"step":1,"values":[0.5]}}""", """{"write":true}""");
            Assert.Equal(0, first[0].GetProperty("trials").GetInt32());
            Assert.True(File.Exists(first[4].GetProperty("report").GetString()));
            Assert.True(File.Exists(Path.Combine(directory, "trials.parquet")));
            // What was asked for and not told comes first, one that ran too; then nothing, and with a larger budget something.
            JsonElement[] second = await ConverseAsync(study, """{"ask":5}""", """{"tell":{"number":1,"values":[0.2]}}""",
                """{"tell":{"number":2,"values":[0.4]}}""", """{"ask":1}""");
            Assert.Equal((3, 1, 2),
                (second[0].GetProperty("trials").GetInt32(), second[0].GetProperty("completed").GetInt32(),
                second[0].GetProperty("waiting").GetInt32()));
            Assert.Equal([1, 2], second[1].GetProperty("trials").EnumerateArray().Select(t => t.GetProperty("number").GetInt32()));
            Assert.Equal(first[1].GetProperty("trials")[1].GetProperty("params").GetRawText(),
                second[1].GetProperty("trials")[0].GetProperty("params").GetRawText());
            Assert.Empty(second[4].GetProperty("trials").EnumerateArray());
            JsonElement[] third = await ConverseAsync(study.Replace("\"budget\":3", "\"budget\":4", StringComparison.Ordinal),
                """{"ask":5}""");
            Assert.Equal(3, Assert.Single(third[1].GetProperty("trials").EnumerateArray()).GetProperty("number").GetInt32());
            JsonElement[] named = await ConverseAsync($"{{\"study\":{{\"journal\":{JsonSerializer.Serialize(directory)}}}}}",
                """{"front":true}""");
            Assert.Equal(1, named[1].GetProperty("front")[0].GetProperty("number").GetInt32());
            JsonElement[] other = await ConverseAsync(study.Replace("\"seed\":3", "\"seed\":4", StringComparison.Ordinal));
            Assert.Contains("seed 4 instead of 3", other[0].GetProperty("error").GetString(), StringComparison.Ordinal);
        }
        finally { Directory.Delete(directory, recursive: true); }
    }

    [Theory]
    [InlineData("gp"), InlineData("auto"), InlineData("transfer"), InlineData("tpe"), InlineData("bohb")]
    public async Task Marks_at_the_ends_of_what_numbers_can_hold_end_no_study(string sampler)
    {
        string[] marks = ["1.7976931348623157e308", "-1.7976931348623157e308", "9e307", "-9e307"];
        string study = Study.Replace("\"random\"", $"\"{sampler}\"", StringComparison.Ordinal)
            .Replace("\"minimize\"}", "\"minimize\"},{\"name\":\"score\",\"direction\":\"maximize\"}", StringComparison.Ordinal);
        JsonElement[] answers = await ConverseAsync([study, .. Enumerable.Range(0, 24).SelectMany(i => (string[])
        [
            """{"ask":1}""",
            $$$"""{"tell":{"number":{{{i}}},"values":[{{{(i % 3 == 1 ? marks[i / 3 % 4] : "0.5")}}},"""
                + $$$"""{{{(i % 3 == 2 || i % 6 == 1 ? marks[(i / 3 + 1) % 4] : "0." + i)}}}]}}""",
        ])]);
        Assert.All(answers, a => Assert.False(a.TryGetProperty("error", out _), a.ToString()));
        Assert.Equal(24, answers.Count(a => a.TryGetProperty("trials", out JsonElement t) && t.GetArrayLength() == 1));
    }

    [Fact]
    public async Task Impossible_constraints_are_named_after_a_bounded_search()
    {
        const string impossible = """{"study":{"space":[{"name":"x","type":"float","low":0,"high":1}],"objectives":[{"name":"e"}"""
            + """],"sampler":"random","require":["x > 2"]}}""";
        JsonElement[] answers = await ConverseAsync(impossible, """{"ask":1}""");
        Assert.Contains("x > 2", answers[^1].GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    private static async Task<JsonElement[]> ConverseAsync(params string[] lines)
    {
        using var output = new StringWriter();
        await new AskTellServer(new StringReader(string.Join('\n', lines)), output).RunAsync(CancellationToken.None);
        return [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
    }
}
