using System.Diagnostics;
using AutoPeft.Postgres;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using static AutoPeft.Cli.Tests.CommandProcess;

namespace AutoPeft.Cli.Tests.Server;

/// <summary>The real command on a real PostgreSQL server: several hosts on one study.</summary>
public sealed class SharedStudyTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-test-").FullName;
    private PostgresProcess _server = null!;

    public async Task InitializeAsync() => _server = await PostgresProcess.StartAsync();

    public async Task DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [SkippableFact]
    public async Task A_sweep_made_on_one_machine_is_run_by_workers_elsewhere_and_read_from_anywhere()
    {
        string[] place = ["--store", _server.Url, "--study", "shared"];
        (int code,
            string text) = await RunAsync(_directory,
                ["sweep", "function:branin-currin", "--trials", "12", "--sampler", "random", "--workers", "0", .. place]);
        Assert.True(code == 0, text);
        Assert.Contains("autopeft worker --store", text, StringComparison.Ordinal);
        (int Code,
            string Text)[] workers = await Task.WhenAll(RunAsync(_directory, ["worker", "--plain", .. place]),
                RunAsync(_directory, ["worker", "--plain", .. place]));
        Assert.All(workers, w => Assert.True(w.Code == 0, w.Text));
        Study study = await ReadAsync("shared");
        Assert.Equal((12, 12, 12), (study.Trials.Count, study.Completed.Count, study.Trials.Sum(t => t.Attempt)));

        Assert.Contains("shared", (await RunAsync(_directory, "studies", "--store", _server.Url)).Text, StringComparison.Ordinal);
        (code, text) = await RunAsync(_directory, ["front", "--json", .. place]);
        Assert.Equal((0, true), (code, text.Contains("\"params\"", StringComparison.Ordinal)));
        (code, text) = await RunAsync(_directory, ["report", "--out", "here", .. place]);
        Assert.True(code == 0, text);
        foreach (string file in (string[])["trials.parquet", "pareto.parquet", "curves.parquet", "report.html"])
            Assert.True(File.Exists(Path.Combine(_directory, "here", file)), file);

        (code, text) = await RunAsync(_directory, ["sweep", "function:zdt1", "--trials", "3", .. place]);
        Assert.Equal(2, code);
        Assert.Contains("has a study 'shared' already", Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
        Assert.Equal(12, (await ReadAsync("shared")).Trials.Count);
    }

    [SkippableFact]
    public async Task The_dashboard_shows_a_stores_studies_and_what_it_changes_reaches_every_host()
    {
        string[] place = ["--store", _server.Url, "--study", "watched"];
        Assert.Equal(0,
            (await RunAsync(_directory,
                ["sweep", "function:zdt1", "--trials", "5", "--sampler", "random", "--workers", "0", .. place])).Code);
        using Process dashboard = StartIn(_directory, "dashboard", "--store", _server.Url, "--port", "0");
        var address = new TaskCompletionSource<Uri>();
        dashboard.OutputDataReceived += (_, line) =>
        {
            if (Uri.TryCreate(line.Data, UriKind.Absolute, out Uri? here)) address.TrySetResult(here);
        };
        try
        {
            using var http = new HttpClient { BaseAddress = await address.Task.WaitAsync(TimeSpan.FromMinutes(1)) };
            string studies = "";
            for (int tries = 0; tries < 100 && !studies.Contains("watched", StringComparison.Ordinal); tries++)
            {
                await Task.Delay(100);
                studies = await http.GetStringAsync("/api/studies");
            }
            Assert.Contains("watched", studies, StringComparison.Ordinal);
            string id = System.Text.RegularExpressions.Regex.Match(studies, "[0-9a-f]{16}").Value;
            using var pause = new HttpRequestMessage(HttpMethod.Post,
                $"/api/studies/{id}/pause")
            { Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json") };
            pause.Headers.Add("X-AutoPeft", "1");
            using HttpResponseMessage answer = await http.SendAsync(pause);
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            Assert.True((await ReadAsync("watched")).IsPaused);
        }
        finally
        {
            dashboard.Kill(entireProcessTree: true);
            await dashboard.WaitForExitAsync();
        }
    }

    [SkippableFact]
    public async Task A_study_that_is_given_more_trials_on_one_machine_goes_on_to_them_on_another()
    {
        string[] place = ["--store", _server.Url, "--study", "extended", "--plain"];
        var held = new HeldTrials(_directory, 1);
        Assert.Equal(0,
            (await RunAsync(_directory, ["sweep", .. held.Arguments, "--trials", "4", "--workers", "0", .. place])).Code);
        using Process worker = StartIn(_directory, ["worker", .. place]);
        // The first trial has ended; the second waits until both machines have one.
        await UntilAsync(worker, () => Task.FromResult(held.Started > 1));
        Task<(int, string)> other = RunAsync(_directory, ["resume", "--trials", "8", .. place]);
        while (!other.IsCompleted && held.Started < 3) await Task.Delay(50);
        held.Release();
        (int code, string text) = await other;
        Assert.True(code == 0, text);
        Assert.Contains("The study runs 8 trials in all now, instead of 4.", text, StringComparison.Ordinal);
        await worker.WaitForExitAsync();
        Assert.Equal(0, worker.ExitCode);
        Study study = await ReadAsync("extended");
        Assert.Equal((8, 8, 8), (study.Trials.Count, study.Completed.Count, study.Trials.Sum(t => t.Attempt)));
        Assert.Equal(2, study.Trials.Select(t => t.Worker).Distinct().Count());
        // Finished, and once more.
        (code, text) = await RunAsync(_directory, ["resume", "--trials", "9", .. place]);
        Assert.True(code == 0, text);
        Assert.Equal(9, (await ReadAsync("extended")).Completed.Count);
    }

    [SkippableFact]
    public async Task Studies_of_awkward_names_have_folders_of_their_own_below_runs()
    {
        string[] names = ["..", "a/b", "a_b", "."];
        foreach (string name in names)
        {
            (int code, string text) = await RunAsync(_directory, "sweep", "function:branin", "--trials", "2", "--sampler", "random",
                "--store", _server.Url, "--study", name);
            Assert.True(code == 0, text);
            Assert.Equal(2, (await ReadAsync(name)).Completed.Count);
        }
        string[] tables = [.. Directory.GetFiles(_directory, "trials.parquet", SearchOption.AllDirectories)];
        Assert.Equal(names.Length, tables.Length);
        string stores = Path.Combine(_directory, "runs", "stores");
        Assert.All(tables, t => Assert.Equal(stores, Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(t)))));
    }

    [SkippableFact]
    public async Task Hosts_killed_at_random_lose_and_double_nothing()
    {
        string[] place = ["--store", _server.Url, "--study", "killed", "--plain"];
        Assert.Equal(0,
            (await RunAsync(_directory,
                ["sweep", "function:zdt1", "--trials", "30", "--delay", "0.3", "--sampler", "random", "--workers", "0", .. place])).Code);
        var random = new Random(5);
        Process[] hosts = [.. Enumerable.Range(0, 3).Select(_ => StartIn(_directory, ["worker", .. place]))];
        for (int killed = 0; killed < 5;)
        {
            await Task.Delay(1000);
            int i = random.Next(hosts.Length);
            if (hosts[i].HasExited && hosts[i].ExitCode == 0) break;
            if ((await ReadAsync("killed")).Trials.Count < 2) continue;
            Kill(hosts[i].Id, 9);
            killed++;
            await hosts[i].WaitForExitAsync();
            hosts[i].Dispose();
            hosts[i] = StartIn(_directory, ["worker", .. place]);
        }
        foreach (Process host in hosts)
        {
            await host.WaitForExitAsync();
            Assert.Equal(0, host.ExitCode);
            host.Dispose();
        }
        Study study = await ReadAsync("killed");
        Assert.Equal((30, 30), (study.Trials.Count, study.Completed.Count));
    }

    private async Task<Study> ReadAsync(string name)
    {
        await using PostgresStore store = await PostgresStore.OpenAsync(StoreAddress.Parse(_server.Url), name);
        var study = new Study();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) study.Apply(e);
        return study;
    }
}
