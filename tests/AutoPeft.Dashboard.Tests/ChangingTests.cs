using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Tests;

/// <summary>What a person does on the page is an event of the study's log, or a refusal that changes nothing.</summary>
public sealed class ChangingTests
{
    [Fact]
    public async Task A_study_is_paused_and_resumed()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 10));
        string path = await dashboard.StudyAsync("run");
        Assert.Equal(200, (await dashboard.PostAsync(path + "/pause", new { reason = "the night shift needs the GPU" })).Status);
        Assert.True((await dashboard.GetAsync(path + "/live")).GetProperty("paused").GetBoolean());
        Assert.Equal("the night shift needs the GPU", Assert.IsType<StudyPaused>((await LogAsync(dashboard))[^1]).Reason);
        // Twice is once.
        Assert.False((await dashboard.PostAsync(path + "/pause", new { })).Body.GetProperty("changed").GetBoolean());
        Assert.Equal(200, (await dashboard.PostAsync(path + "/resume", new { })).Status);
        Assert.IsType<StudyResumed>((await LogAsync(dashboard))[^1]);
        Assert.False((await dashboard.GetAsync(path + "/live")).GetProperty("paused").GetBoolean());
    }

    [Fact]
    public async Task A_running_trial_is_requeued_with_its_reason()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 10));
        string path = await dashboard.StudyAsync("run");
        Assert.Equal(200,
            (await dashboard.PostAsync(path + "/requeue", new { trials = Enumerable.Range(8, 2), reason = "node17 is gone" })).Status);
        JsonElement trial = await dashboard.GetAsync(path + "/trials/9");
        Assert.Equal(("waiting", "node17 is gone"), (trial.GetProperty("state").GetString(), trial.GetProperty("error").GetString()));
        Assert.Equal(0, (await dashboard.GetAsync(path + "/live")).GetProperty("counts").GetProperty("running").GetInt32());
    }

    [Fact]
    public async Task A_configuration_is_enqueued_as_typed()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 10));
        string path = await dashboard.StudyAsync("run");
        JsonNode values = JsonNode.Parse((await dashboard.GetAsync(path + "/trials/0")).GetProperty("params").GetRawText())!;
        values["learning_rate"] = 0.004;
        (int status, JsonElement answer) = await dashboard.PostAsync(path + "/enqueue", new { @params = values });
        Assert.Equal((200, 10), (status, answer.GetProperty("number").GetInt32()));
        TrialProposed proposed = Assert.IsType<TrialProposed>((await LogAsync(dashboard))[^1]);
        Assert.Equal(("enqueued", 0.004), (proposed.Source, proposed.Configuration.GetDouble("learning_rate")));
    }

    [Fact]
    public async Task A_note_is_an_event_of_the_log_and_the_later_one_stands()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 10));
        string path = await dashboard.StudyAsync("run");
        Assert.Equal(200, (await dashboard.PostAsync(path + "/note", new { text = "  a first\r\nlook " })).Status);
        Assert.Equal(200, (await dashboard.PostAsync(path + "/note", new { trial = 4, text = "ran beside a backup" })).Status);
        Assert.Equal(200, (await dashboard.PostAsync(path + "/note", new { trial = 5, text = "hm" })).Status);
        Assert.True((await dashboard.PostAsync(path + "/note", new { trial = 5, text = "" })).Body.GetProperty("changed").GetBoolean());
        Assert.False((await dashboard.PostAsync(path + "/note", new { trial = 5, text = " " })).Body.GetProperty("changed").GetBoolean());
        JsonElement notes = (await dashboard.GetAsync(path + "/live")).GetProperty("notes");
        Assert.Equal("a first\nlook", notes.GetProperty("study").GetString());
        JsonElement on = Assert.Single(notes.GetProperty("trials").EnumerateArray());
        Assert.Equal((4, "ran beside a backup"), (on.GetProperty("number").GetInt32(), on.GetProperty("text").GetString()));
        Assert.Equal("ran beside a backup", (await dashboard.GetAsync(path + "/trials/4")).GetProperty("note").GetString());
        IEnumerable<string> logged = (await LogAsync(dashboard)).OfType<NoteWritten>().Select(n => n.Text);
        Assert.Equal(["a first\nlook", "ran beside a backup", "hm", ""], logged);
    }

    [Theory]
    [InlineData("requeue", """{"trials":[3]}""", "completed")]
    [InlineData("requeue", """{"trials":[9,99]}""", "99")]
    [InlineData("requeue", """{"trials":[]}""", "trials")]
    [InlineData("requeue", """{"trials":["9"]}""", "trial numbers")]
    [InlineData("requeue", """{"trials":[-1]}""", "trial numbers")]
    [InlineData("enqueue", """{}""", "params")]
    [InlineData("enqueue", """{"params":{"rank":3}}""", "method")]
    [InlineData("enqueue", """{"params":{"colour":"red"}}""", "colour")]
    [InlineData("enqueue", """{"params":[1]}""", "object")]
    [InlineData("enqueue",
        """{"params":{"method":"serial adapter","learning_rate":0.01,"batch_size":64,"dropout":0.5,"layer_0":true,"layer_1":"""
            + """true,"layer_2":true,"layer_3":true,"layer_4":true,"layer_5":true}}""", "batch_size * dropout")]
    [InlineData("note", """{}""", "text")]
    [InlineData("note", """{"text":7}""", "text")]
    [InlineData("note", """{"trial":-1,"text":"x"}""", "number")]
    [InlineData("note", """{"trial":99,"text":"x"}""", "99")]
    [InlineData("pause", """[1]""", "object")]
    [InlineData("pause", """{"reason":""", "not valid JSON")]
    public async Task Bad_input_gets_one_clear_line_and_changes_nothing(string action, string body, string says)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 10));
        string path = await dashboard.StudyAsync("run");
        byte[] before = await File.ReadAllBytesAsync(Path.Combine(dashboard.Directory, "run", "study.log"));
        (int status,
            JsonElement answer) = await dashboard.SendAsync(HttpMethod.Post, $"{path}/{action}",
                new StringContent(body, new MediaTypeHeaderValue("application/json")), ("X-AutoPeft", "1"));
        Assert.Equal(400, status);
        string error = answer.GetProperty("error").GetString()!;
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(dashboard.Directory, "run", "study.log")));
    }

    [Fact]
    public async Task A_note_longer_than_a_page_is_refused()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 3));
        string path = await dashboard.StudyAsync("run");
        var tooLong = new { text = new string('x', NoteWritten.MaxLength + 1) };
        (int status, JsonElement answer) = await dashboard.PostAsync(path + "/note", tooLong);
        Assert.Equal(400, status);
        Assert.Contains("4001", answer.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await dashboard.PostAsync(path + "/note", new { text = new string('x', NoteWritten.MaxLength) })).Status);
    }

    [Fact]
    public async Task A_budget_that_is_used_up_grows_with_what_a_person_enqueues()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 10));
        string path = await dashboard.StudyAsync("run");
        JsonElement values = (await dashboard.GetAsync(path + "/trials/0")).GetProperty("params");
        int[] statuses = await Task.WhenAll(
            Enumerable.Range(0, 14).Select(async _ => (await dashboard.PostAsync(path + "/enqueue", new { @params = values })).Status));
        Assert.All(statuses, s => Assert.Equal(200, s));
        var study = Study.Of(await LogAsync(dashboard));
        Assert.Equal((24, 24), (study.Trials.Count, study.Definition.Budget));
        Assert.Equal(24, (await dashboard.GetAsync(path + "/live")).GetProperty("budget").GetInt32());
    }

    [Fact]
    public async Task A_failed_trial_is_retried()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 100));
        string path = await dashboard.StudyAsync("run");
        Assert.Equal("failed", (await dashboard.GetAsync(path + "/trials/96")).GetProperty("state").GetString());
        Assert.Equal(200, (await dashboard.PostAsync(path + "/requeue", new { trials = Enumerable.Range(96, 1) })).Status);
        Assert.Equal(96, Assert.IsType<TrialRetried>((await LogAsync(dashboard))[^1]).Number);
        Assert.Equal("waiting", (await dashboard.GetAsync(path + "/trials/96")).GetProperty("state").GetString());
    }

    private static async Task<List<StudyEvent>> LogAsync(Dashboard dashboard)
    {
        await using JournalStore store = await JournalStore.OpenAsync(Path.Combine(dashboard.Directory, "run", "study.log"));
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) log.Add(e);
        return log;
    }
}
