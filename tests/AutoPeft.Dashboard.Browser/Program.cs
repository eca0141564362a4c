// Measures the page in a headless Chromium over a study of many trials, and takes pictures of it:
//   dotnet run -c Release --project tests/AutoPeft.Dashboard.Browser -- [TRIALS] [PICTURES]
// Exits with 1 where the first paint takes a second or more, or the page's process 150 MB or more.
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using AutoPeft.Dashboard;
using AutoPeft.Dashboard.Browser;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Dashboard.Tests;
using AutoPeft.Dashboard.Web;
using AutoPeft.Studies;

const double MaxPaint = 1000, MaxMemory = 150;
int trials = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 50_000;
string? pictures = args.Length > 1 ? Directory.CreateDirectory(args[1]).FullName : null;
string runs = Directory.CreateTempSubdirectory("autopeft-browser-").FullName;
bool good = true;
try
{
    StudyDefinition definition = LargeStudy.Definition("large", trials + 5000);
    List<StudyEvent> log = LargeStudy.Log(definition, trials);
    await LargeStudy.WriteAsync(Path.Combine(runs, "large"), log);
    await LargeStudy.WriteAsync(Path.Combine(runs, "small"), LargeStudy.Log(LargeStudy.Definition("small", 60), 40));
    await LargeStudy.WriteAsync(Path.Combine(runs, "single"),
        LargeStudy.Log(LargeStudy.Definition("single", 300, objectives: 1), 300, open: 0));
    await LargeStudy.WriteAsync(Path.Combine(runs, "three"), LargeStudy.Log(LargeStudy.Definition("three", null, objectives: 3), 900));
    Directory.CreateDirectory(Path.Combine(runs, "broken"));
    await File.WriteAllTextAsync(Path.Combine(runs, "broken", "study.log"), "This is somebody's diary.\nNot a study.\n");
    long start = Stopwatch.GetTimestamp();
    await using DashboardServer server =
        await DashboardServer.StartAsync(new DashboardOptions { Port = 0, Log = Console.Error.WriteLine }, [new JournalFolders([runs])]);
    Console.WriteLine($"server started in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms at {server.Address}");
    await using Chromium browser = await Chromium.StartAsync(Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium");
    await browser.SizeAsync(1280, 900, phone: false);
    await OpenAsync(browser, server.Address, "/", "studies-shown");
    await browser.WaitForAsync("document.querySelectorAll('table.studies tbody tr progress, table.studies .progress').length >= 4");
    Dictionary<string, string> ids = (await browser.EvaluateAsync("fetch('/api/studies').then(r => r.json())"))!["studies"]!.AsArray()
        .ToDictionary(s => (string)s!["where"]!, s => (string)s!["id"]!);
    string large = "/studies/" + ids.First(i => i.Key.EndsWith("large", StringComparison.Ordinal)).Value;

    // Three times, and the worst counts.
    double paint = 0, shown = 0;
    for (int i = 0; i < 3; i++)
    {
        (double p, double s) = await OpenAsync(browser, server.Address, large, "study-shown");
        (paint, shown) = (Math.Max(paint, p), Math.Max(shown, s));
    }
    Report($"first contentful paint, {trials} trials", paint, MaxPaint, "ms");
    Report("charts and table drawn", shown, MaxPaint, "ms");
    await ReportMemoryAsync("at rest");

    // From end to end of the table, and all marks passed over.
    int rows = (int)(await browser.EvaluateAsync("(async () => { const r = document.querySelector('.rows'); let most = 0; for (let i = 0; "
        + "i <= 60; i++) { r.scrollTop = r.scrollHeight * i / 60; await new Promise(f => setTimeout(f, 60)); most = Math.max(most, "
        + "r.querySelectorAll('tr').length); } return most; })()"))!;
    Console.WriteLine($"rows in the document at most: {rows}");
    good &= rows < 120;
    string last = (string)(await browser.EvaluateAsync("(async () => { const r = document.querySelector('.rows'); r.scrollTop = "
        + "r.scrollHeight; await new Promise(f => setTimeout(f, 700)); return [...r.querySelectorAll('button.link')].at(-1).textContent; "
        + "})()"))!;
    Console.WriteLine($"the table's last row is trial {last}");
    good &= last == "0";
    await ReportMemoryAsync("after scrolling through all trials");

    // Live: trials arrive as the page looks on.
    await using (JournalStore store = await JournalStore.OpenAsync(Path.Combine(runs, "large", "study.log")))
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
    await browser.WaitForAsync($"document.querySelector('#trials "
        + $".number').textContent.startsWith('{(trials + 2000).ToString("N0", CultureInfo.InvariantCulture)}')");
    await ReportMemoryAsync("after 2,000 more trials live");

    if (pictures is not null)
    {
        foreach (string theme in (string[])["light", "dark"])
        {
            await browser.ThemeAsync(theme);
            foreach ((int width, bool phone) in ((int, bool)[])[(1280, false), (390, true)])
            {
                await browser.SizeAsync(width, phone ? 844 : 900, phone);
                await OpenAsync(browser, server.Address, "/", "studies-shown");
                await browser.ScreenshotAsync(Path.Combine(pictures, $"studies-{width}-{theme}.png"));
                foreach ((string where, string id) in ids)
                {
                    string name = Path.GetFileName(where);
                    await OpenAsync(browser, server.Address, $"/studies/{id}", name == "broken" ? null : "study-shown");
                    // Charts below the fold are drawn when they come into view.
                    await browser.EvaluateAsync("(async () => { for (let y = 0; y < document.body.scrollHeight; y += 500) { scrollTo({ "
                        + "top: y, behavior: 'instant' }); await new Promise(f => setTimeout(f, 80)); } scrollTo({ top: 0, behavior: "
                        + "'instant' }); await new Promise(f => setTimeout(f, 250)); })()");
                    await browser.ScreenshotAsync(Path.Combine(pictures, $"{name}-{width}-{theme}.png"), whole: true);
                    int wide = (int)(await browser.EvaluateAsync("document.documentElement.scrollWidth - innerWidth"))!;
                    if (wide > 0) { Console.WriteLine($"{name} at {width}: {wide} px too wide"); good = false; }
                }
            }
        }
    }
    foreach (string complaint in browser.Complaints.Where(c => !c.Contains("/api/studies/", StringComparison.Ordinal))
        .Distinct()) { Console.WriteLine($"console: {complaint}"); good = false; }

    async Task ReportMemoryAsync(string when)
    {
        await browser.SendAsync("HeapProfiler.collectGarbage");
        JsonNode metrics = (await browser.SendAsync("Performance.getMetrics"))["metrics"]!;
        double heap = (double)metrics.AsArray().First(m => (string)m!["name"]! == "JSHeapUsedSize")!["value"]! / 1048576;
        Report($"page memory {when} (JavaScript heap {heap:0.0} MB)", browser.RendererMegabytes(), MaxMemory, "MB");
    }
}
finally
{
    Directory.Delete(runs, recursive: true);
}
Console.WriteLine(good ? "good" : "not good");
return good ? 0 : 1;

void Report(string what, double value, double most, string unit)
{
    Console.WriteLine($"{what}: {value:0} {unit} (below {most} {unit})");
    good &= value < most;
}

// Milliseconds from the start of the navigation to the first contentful paint, and to the mark.
static async Task<(double Paint, double Shown)> OpenAsync(Chromium browser, Uri server, string path, string? mark)
{
    await browser.SendAsync("Page.navigate", new JsonObject { ["url"] = new Uri(server, path).ToString() });
    await browser.WaitForAsync($"location.pathname === '{path}' && document.readyState === 'complete'");
    await browser.WaitForAsync("performance.getEntriesByName('first-contentful-paint').length");
    if (mark is not null) await browser.WaitForAsync($"performance.getEntriesByName('{mark}').length");
    double paint = (double)(await browser.EvaluateAsync("performance.getEntriesByName('first-contentful-paint')[0].startTime"))!;
    double shown = mark is null ? 0 : (double)(await browser.EvaluateAsync($"performance.getEntriesByName('{mark}')[0].startTime"))!;
    return (paint, shown);
}
