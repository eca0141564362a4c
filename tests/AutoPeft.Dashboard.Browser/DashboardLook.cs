using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Dashboard.Tests;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Browser;

/// <summary>The dashboard in a browser: how fast it shows, what memory it takes, how it follows, and what it looks like.</summary>
internal sealed class DashboardLook(Chromium browser, Findings findings, Uri server, string? pictures)
{
    private const double MaxPaint = 1000, MaxMemory = 150;
    private static readonly string[] Charts = ["front", "progress", "parallel", "slices", "contour", "curves", "timeline"];
    private Dictionary<string, string> _ids = [];

    /// <summary>Opens the list, and learns where the studies are.</summary>
    public async Task ListAsync(int studies)
    {
        await browser.SizeAsync(1280, 900, phone: false);
        await OpenAsync("/", "studies-shown");
        await browser.WaitForAsync($"document.querySelectorAll('table.studies .progress').length >= {studies}");
        JsonNode list = (await browser.EvaluateAsync("fetch('/api/studies').then(r => r.json())"))!;
        _ids = list["studies"]!.AsArray().ToDictionary(s => Path.GetFileName((string)s!["where"]!), s => (string)s!["id"]!);
    }

    /// <summary>First paint, memory, the table from end to end, and 2,000 more trials as they come.</summary>
    public async Task MeasureAsync(string name, string runs, StudyDefinition definition, List<StudyEvent> log, int trials)
    {
        string page = "/studies/" + _ids[name];
        // Three times, and the worst counts.
        double paint = 0, shown = 0;
        for (int i = 0; i < 3; i++)
        {
            (double p, double s) = await OpenAsync(page, "study-shown");
            (paint, shown) = (Math.Max(paint, p), Math.Max(shown, s));
        }
        findings.Below($"dashboard: first contentful paint, {trials} trials", paint, MaxPaint, "ms");
        findings.Below("dashboard: charts and table drawn", shown, MaxPaint, "ms");
        await ReportMemoryAsync("at rest");

        int rows = (int)(await browser.EvaluateAsync("""
            (async () => {
              document.getElementById('trials').scrollIntoView();
              await new Promise(f => setTimeout(f, 500));
              const r = document.querySelector('.rows');
              let most = 0;
              for (let i = 0; i <= 60; i++) {
                r.scrollTop = r.scrollHeight * i / 60;
                await new Promise(f => setTimeout(f, 60));
                most = Math.max(most, r.querySelectorAll('tr').length);
              }
              return most;
            })()
            """))!;
        Console.WriteLine($"dashboard: rows in the document at most {rows}");
        findings.Holds(rows < 120, $"dashboard: {rows} rows in the document");
        await browser.WaitForAsync("[...document.querySelectorAll('.rows button.link')].at(-1)?.textContent === '0'");
        await ReportMemoryAsync("after scrolling through all trials");
        await new PageLook(browser, findings).WalkAsync();
        await ReportMemoryAsync("with all charts drawn");
        await GrowAsync(runs, name, definition, log, trials);
        await ReportMemoryAsync("after 2,000 more trials live");
    }

    /// <summary>Every study in both widths and both themes: all charts painted, nothing clipped.</summary>
    /// <param name="lacks">By study, sections that have no chart in it.</param>
    public async Task LookAsync(IReadOnlyDictionary<string, string[]> lacks)
    {
        var look = new PageLook(browser, findings);
        foreach (string theme in (string[])["light", "dark"])
        {
            await browser.ThemeAsync(theme);
            foreach ((int width, bool phone) in ((int, bool)[])[(1280, false), (390, true)])
            {
                await browser.SizeAsync(width, phone ? 844 : 900, phone);
                await OpenAsync("/", "studies-shown");
                await look.LookAsync($"studies at {width} px, {theme}", [], Picture("studies", width, theme));
                foreach ((string name, string id) in _ids)
                {
                    bool broken = name == "broken";
                    await OpenAsync($"/studies/{id}", broken ? null : "study-shown");
                    string[] charts = broken ? [] : [.. Charts.Except(lacks.GetValueOrDefault(name) ?? [])];
                    await look.LookAsync($"{name} at {width} px, {theme}", charts, Picture(name, width, theme));
                }
            }
        }
    }

    /// <summary>A note is written and read, trials are compared, charts and tables saved, and the report reached and left again.</summary>
    public async Task UseAsync(string name, int trials)
    {
        await browser.ThemeAsync("light");
        await browser.SizeAsync(1280, 900, phone: false);
        string page = "/studies/" + _ids[name];
        await OpenAsync(page, "study-shown");
        var look = new PageLook(browser, findings);
        await look.WalkAsync();
        const string text = "<b>looked at</b> & kept\\nfor the paper";
        await ClickAsync("#notes button", "Note on the study…");
        await browser.EvaluateAsync($"document.querySelector('dialog textarea').value = '{text}'");
        await ClickAsync("dialog button", "Write");
        await browser.WaitForAsync($"document.querySelector('#notes .words')?.textContent.includes('{text}')");
        await browser.WaitForAsync("document.querySelectorAll('#compare thead button.link').length >= 2");
        await browser.EvaluateAsync("document.querySelector('#compare input.short').value = '7'");
        await ClickAsync("#compare form button", "Add");
        await browser.WaitForAsync("[...document.querySelectorAll('#compare thead button.link')].some(b => b.textContent === 'trial 7')");
        int differs = (int)(await browser.EvaluateAsync("document.querySelectorAll('#compare tr.differs').length"))!;
        findings.Holds(differs > 2, $"compare marks {differs} differences");
        await look.DownloadAsync($"dashboard {name}", "All trials as CSV", trials);
        await ClickAsync("a.button", "Report");
        await browser.WaitForAsync("document.readyState === 'complete' && performance.getEntriesByName('report-shown').length", 60);
        await browser.WaitForAsync($"document.querySelector('#notes .words')?.textContent.includes('{text}')");
        await ClickAsync(".crumb a", "Live page");
        await browser.WaitForAsync($"location.pathname === '{page}' && performance.getEntriesByName('study-shown').length");
    }

    private async Task ClickAsync(string where, string text) =>
        await browser.EvaluateAsync($"[...document.querySelectorAll('{where}')].find(e => e.textContent === '{text}').click()");

    private string? Picture(string name, int width, string theme) =>
        pictures is null ? null : Path.Combine(pictures, $"{name}-{width}-{theme}.png");

    private async Task GrowAsync(string runs, string name, StudyDefinition definition, List<StudyEvent> log, int trials)
    {
        await using (JournalStore store = await JournalStore.OpenAsync(Path.Combine(runs, name, "study.log")))
        {
            for (int n = trials; n < trials + 2000;)
            {
                var batch = new List<StudyEvent>();
                for (int k = 0; k < 100; k++, n++) LargeStudy.Append(batch, definition, n, DateTimeOffset.UtcNow);
                // What the proposals have seen is counted from the log's end.
                await store.TryAppendAsync(log.Count, [.. batch.Select(e => e is TrialProposed p ? p with { Seen = 0 } : e)], default);
                log.AddRange(batch);
                await Task.Delay(250);
            }
        }
        string count = (trials + 2000).ToString("N0", CultureInfo.InvariantCulture);
        await browser.WaitForAsync($"document.querySelector('#trials .number').textContent.startsWith('{count}')");
    }

    private async Task ReportMemoryAsync(string when)
    {
        await browser.SendAsync("HeapProfiler.collectGarbage");
        JsonNode metrics = (await browser.SendAsync("Performance.getMetrics"))["metrics"]!;
        double heap = (double)metrics.AsArray().First(m => (string)m!["name"]! == "JSHeapUsedSize")!["value"]! / 1048576;
        findings.Below($"dashboard: memory {when} (JavaScript heap {heap:0.0} MB)", browser.RendererMegabytes(), MaxMemory, "MB");
    }

    // Milliseconds from the start of the navigation to the first contentful paint, and to the mark.
    private async Task<(double Paint, double Shown)> OpenAsync(string path, string? mark)
    {
        await browser.SendAsync("Page.navigate", new JsonObject { ["url"] = new Uri(server, path).ToString() });
        await browser.WaitForAsync($"location.pathname === '{path}' && document.readyState === 'complete'");
        await browser.WaitForAsync("performance.getEntriesByName('first-contentful-paint').length");
        if (mark is not null) await browser.WaitForAsync($"performance.getEntriesByName('{mark}').length");
        double paint = (double)(await browser.EvaluateAsync("performance.getEntriesByName('first-contentful-paint')[0].startTime"))!;
        double shown = mark is null ? 0 : (double)(await browser.EvaluateAsync($"performance.getEntriesByName('{mark}')[0].startTime"))!;
        return (paint, shown);
    }
}
