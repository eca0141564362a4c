using System.Collections.Immutable;
using System.Text.Json;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Dashboard.Web;
using AutoPeft.Pareto;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Dashboard.Tests;

/// <summary>What the page is told, against the study's own fold.</summary>
public sealed class WatchingTests
{
    [Fact]
    public async Task The_list_has_every_sweep_below_the_directory_and_says_what_is_wrong_with_one_that_is_not_ours()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("one", 5), (Path.Combine("group", "two"), 40));
        Directory.CreateDirectory(Path.Combine(dashboard.Directory, "alien"));
        await File.WriteAllTextAsync(Path.Combine(dashboard.Directory, "alien", "study.log"), "Dear diary,\ntoday was fine.\n");
        await dashboard.StudyAsync("one");
        string two = await dashboard.StudyAsync("two");
        JsonElement list = await dashboard.UntilAsync("/api/studies",
            l => l.GetProperty("studies").EnumerateArray().Any(s => s.TryGetProperty("problem", out _)));
        Assert.Equal(3, list.GetProperty("studies").GetArrayLength());
        JsonElement alien = list.GetProperty("studies").EnumerateArray().First(s => s.TryGetProperty("problem", out _));
        Assert.Contains("not an AutoPeft study log", alien.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal("Dear diary,\ntoday was fine.\n",
            await File.ReadAllTextAsync(Path.Combine(dashboard.Directory, "alien", "study.log")));
        Assert.Equal(40 - 2, (await dashboard.GetAsync(two + "/live")).GetProperty("counts").GetProperty("completed").GetInt32());
    }

    [Fact]
    public async Task The_page_of_a_study_agrees_with_its_fold()
    {
        List<StudyEvent> log = LargeStudy.Log(LargeStudy.Definition("run", 310), 300);
        Study study = Study.Of(log);
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 300));
        string path = await dashboard.StudyAsync("run");
        JsonElement page = await dashboard.GetAsync(path), live = page.GetProperty("live");
        Assert.Equal(["dev_error", "trainable_parameters"],
            page.GetProperty("objectives").EnumerateArray().Select(o => o.GetProperty("name").GetString()));
        Assert.Equal(study.Definition.Space.Count, page.GetProperty("space").GetProperty("parameters").GetArrayLength());
        Assert.Equal(study.Completed.Count, live.GetProperty("counts").GetProperty("completed").GetInt32());
        Assert.Equal(2, live.GetProperty("counts").GetProperty("running").GetInt32());
        Assert.Equal(ParetoFront.Of(study).Select(t => t.Number),
            live.GetProperty("front").GetProperty("number").EnumerateArray().Select(n => n.GetInt32()));
        double[] growth = [.. live.GetProperty("history").GetProperty("value").EnumerateArray().Select(v => v.GetDouble())];
        Assert.Equal(growth.Order(), growth);
        double[] reference = ReferencePoint.Infer([.. study.Completed.Select(t => t.Losses.ToArray())]);
        Assert.Equal(Hypervolume.Compute([.. study.Completed.Select(t => t.Losses.ToArray())], reference), growth[^1], 1e-9 * growth[^1]);
        JsonElement[] workers = [.. live.GetProperty("workers").EnumerateArray()];
        Assert.Equal([298, 299], workers.Select(w => w.GetProperty("trial").GetInt32()));
    }

    [Fact]
    public async Task The_table_comes_in_windows_that_join_to_the_whole_in_every_order()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 250));
        string path = await dashboard.StudyAsync("run");
        foreach (string sort in (string[])["number", "state", "seconds", "started", "finished", "value:0", "value:1"])
        {
            var numbers = new List<int>();
            for (int offset = 0; offset < 250; offset += 100)
            {
                JsonElement window = await dashboard.GetAsync($"{path}/trials?sort={sort}&down=0&offset={offset}&limit=100");
                Assert.Equal(250, window.GetProperty("total").GetInt32());
                numbers.AddRange(window.GetProperty("rows").EnumerateArray().Select(r => r[0].GetInt32()));
            }
            Assert.Equal(Enumerable.Range(0, 250), numbers.Order());
        }
        double[] best = [.. (await dashboard.GetAsync($"{path}/trials?sort=value:0&down=0&only=completed&limit=50")).GetProperty("rows")
            .EnumerateArray().Select(r => r[6][0].GetDouble())];
        Assert.Equal(best.Order(), best);
        Assert.Equal(2, (await dashboard.GetAsync($"{path}/trials?only=running")).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_study_that_may_not_be_written_is_looked_at_and_looking_leaves_no_file()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync();
        string folder = Path.Combine(dashboard.Directory, "run"), log = Path.Combine(folder, "study.log");
        await LargeStudy.WriteAsync(folder, LargeStudy.Log(LargeStudy.Definition("run", 20), 8));
        File.Delete(log + ".lock");
        File.SetAttributes(log, FileAttributes.ReadOnly);
        string path = await dashboard.StudyAsync("run");
        Assert.Equal(8, (await dashboard.GetAsync(path + "/trials")).GetProperty("total").GetInt32());
        Assert.Equal([log], Directory.GetFiles(folder));
        File.SetAttributes(log, FileAttributes.Normal);
    }

    [Fact]
    public async Task The_report_is_served_with_the_policy_for_its_own_script_and_links_to_the_live_page()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 30));
        string id = Path.GetFileName(await dashboard.StudyAsync("run"));
        using HttpResponseMessage answer = await dashboard.Client.GetAsync(new Uri($"/studies/{id}/report", UriKind.Relative));
        Assert.Equal(200, (int)answer.StatusCode);
        string html = await answer.Content.ReadAsStringAsync(), policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'sha256-", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains($"content=\"{policy[..policy.LastIndexOf(';')]}\"", html, StringComparison.Ordinal);
        Assert.Contains($"\"live\":\"/studies/{id}\"", html, StringComparison.Ordinal);
        Assert.Equal(404, (int)(await dashboard.Client.GetAsync(new Uri("/studies/0123456789abcdef/report", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task All_trials_come_as_comma_separated_values()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync();
        SearchSpace space = SearchSpace.Build(b => b.Float("lr, \"log\"", 0, 1).Categorical("method", ["a,b", "plain"], when: null));
        DateTimeOffset at = DateTimeOffset.UnixEpoch;
        List<StudyEvent> log =
        [
            new StudyCreated(at, new StudyDefinition(space, [Objective.Minimize("loss")]) { Name = "../odd" }),
            new TrialProposed(at, 0, space.FromCodes([0.25, 0]), "random", 1, 0, 1),
            new TrialStarted(at, 0, "w", "cpu:0", 1),
            new TrialCompleted(at.AddSeconds(9), 0, 1, [0.1], [], ImmutableSortedDictionary<string, double>.Empty) { Seconds = 1.5 },
            new TrialProposed(at, 1, space.FromCodes([0.5, 1]), "random", 4, 1, 1),
            new TrialFailed(at.AddSeconds(1), 1, 0, "line one\nline \"two\""),
        ];
        await LargeStudy.WriteAsync(Path.Combine(dashboard.Directory, "run"), log);
        string path = await dashboard.StudyAsync("run");
        using HttpResponseMessage answer = await dashboard.Client.GetAsync(new Uri(path + "/trials.csv", UriKind.Relative));
        Assert.Equal("attachment; filename=\"=2E.=2Fodd.csv\"", answer.Content.Headers.ContentDisposition!.ToString());
        Assert.Equal(
            "number,state,\"lr, \"\"log\"\"\",method,loss,seconds,started,finished,worker,device,attempt,error\r\n"
            + "0,completed,0.25,\"a,b\",0.1,1.5,1970-01-01T00:00:00.000Z,1970-01-01T00:00:09.000Z,w,cpu:0,1,\r\n"
            + "1,failed,0.5,plain,,,,1970-01-01T00:00:01.000Z,,,0,\"line one\nline \"\"two\"\"\"\r\n",
            await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_scatter_is_thinned_to_what_a_screen_shows_and_keeps_the_front_and_tells_what_is_new()
    {
        List<StudyEvent> log = LargeStudy.Log(LargeStudy.Definition("run", 20_010), 20_000, curves: false);
        Study study = Study.Of(log);
        await using Dashboard dashboard = await Dashboard.StartAsync();
        await LargeStudy.WriteAsync(Path.Combine(dashboard.Directory, "run"), log);
        string path = await dashboard.StudyAsync("run");
        JsonElement all = await dashboard.GetAsync($"{path}/scatter?x=1&y=0&logx=1");
        int[] numbers = [.. all.GetProperty("number").EnumerateArray().Select(n => n.GetInt32())];
        Assert.InRange(numbers.Length, 2000, 8500);
        Assert.Equal(study.Completed.Count, all.GetProperty("of").GetInt32());
        Assert.Empty(ParetoFront.Of(study).Select(t => t.Number).Except(numbers));
        Assert.Equal(study.Trials[numbers[7]].Values[1], all.GetProperty("x")[7].GetDouble());
        Assert.Equal(study.Trials[numbers[7]].Values[0], all.GetProperty("y")[7].GetDouble());
        JsonElement rest = await dashboard.GetAsync($"{path}/scatter?x=1&y=0&from={study.Completed.Count - 5}");
        Assert.Equal(study.Completed.TakeLast(5).Select(t => t.Number),
            rest.GetProperty("number").EnumerateArray().Select(n => n.GetInt32()));
    }

    [Fact]
    public async Task A_trial_and_its_curve_are_given_in_full()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 40));
        string path = await dashboard.StudyAsync("run");
        Study study = Study.Of(LargeStudy.Log(LargeStudy.Definition("run", 50), 40));
        JsonElement trial = await dashboard.GetAsync(path + "/trials/20");
        Assert.Equal(study.Trials[20].Configuration, Spaces.SpaceJson.ReadValues(study.Definition.Space, trial.GetProperty("params")));
        Assert.Equal(study.Trials[20].Values[0], trial.GetProperty("values")[0].GetDouble());
        JsonElement curves = await dashboard.GetAsync(path + "/curves?metric=train_loss&also=20");
        JsonElement line = curves.GetProperty("lines").EnumerateArray().Single(l => l.GetProperty("number").GetInt32() == 20);
        Assert.Equal(study.Trials[20].Reports.Select(r => r.Metrics["train_loss"]),
            line.GetProperty("values").EnumerateArray().Select(v => v.GetDouble()));
    }

    [Fact]
    public async Task What_another_process_appends_is_shown_and_announced()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 10));
        string path = await dashboard.StudyAsync("run");
        using HttpResponseMessage events =
            await dashboard.Client.GetAsync(new Uri(path + "/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", events.Content.Headers.ContentType?.MediaType);
        using var lines = new StreamReader(await events.Content.ReadAsStreamAsync());
        long first = await NextAsync(lines);
        await using JournalStore store = await JournalStore.OpenAsync(Path.Combine(dashboard.Directory, "run", "study.log"));
        await using StudySession session = await SessionSteps.OpenAsync(store, new AutoPeft.Samplers.RandomSampler());
        await session.CompleteAsync(9, [0.01, 5]);
        long next = await NextAsync(lines);
        Assert.Equal(first + 1, next);
        JsonElement live = await dashboard.GetAsync(path + "/live");
        Assert.Equal(next, live.GetProperty("sequence").GetInt64());
        Assert.Contains(9, live.GetProperty("front").GetProperty("number").EnumerateArray().Select(n => n.GetInt32()));
    }

    [Fact]
    public async Task A_study_that_starts_later_appears_and_one_that_is_deleted_goes()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("first", 5));
        await dashboard.StudyAsync("first");
        await LargeStudy.WriteAsync(Path.Combine(dashboard.Directory, "second"), LargeStudy.Log(LargeStudy.Definition("second", 9), 4));
        string second = await dashboard.StudyAsync("second");
        Directory.Delete(Path.Combine(dashboard.Directory, "second"), recursive: true);
        while ((await dashboard.SendAsync(HttpMethod.Get, second)).Status != 404) await Task.Delay(50);
        Assert.Single((await dashboard.GetAsync("/api/studies")).GetProperty("studies").EnumerateArray());
    }

    [Fact]
    public async Task A_store_of_any_kind_can_be_a_source()
    {
        var store = new MemoryStore();
        await store.TryAppendAsync(0, LargeStudy.Log(LargeStudy.Definition("in memory", 30), 20), default);
        await using DashboardServer server = await DashboardServer.StartAsync(new DashboardOptions { Port = 0 }, [new OneStore(store)]);
        using var client = new HttpClient { BaseAddress = server.Address };
        JsonElement study;
        do study = JsonDocument.Parse(await client.GetStringAsync(new Uri("/api/studies", UriKind.Relative))).RootElement
            .GetProperty("studies")[0];
        while (!study.TryGetProperty("counts", out _));
        Assert.Equal(("in memory", 18),
            (study.GetProperty("name").GetString(), study.GetProperty("counts").GetProperty("completed").GetInt32()));
        Assert.DoesNotContain("secret", study.GetRawText(), StringComparison.Ordinal);
    }

    private static async Task<long> NextAsync(StreamReader lines)
    {
        while (await lines.ReadLineAsync() is { } line)
            if (line.StartsWith("data: ", StringComparison.Ordinal))
                return long.Parse(line[6..], System.Globalization.CultureInfo.InvariantCulture);
        throw new EndOfStreamException();
    }

    private sealed class OneStore(IStudyStore store) : IStudySource
    {
        public Task<IReadOnlyList<StudyLocation>> ListAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<StudyLocation>>([new StudyLocation("host=db;password=secret", "db / in memory")]);

        public Task<IStudyStore> OpenAsync(StudyLocation location, CancellationToken cancellationToken) => Task.FromResult(store);
    }
}
