// Looks at the dashboard and at reports in a headless Chromium, over studies of one to three objectives and one of many trials:
//   dotnet run -c Release --project tests/AutoPeft.Dashboard.Browser -- [--trials 50000] [--pictures DIR]
//       [--only report|dashboard] [--brief]
// --trials: of the large study. --pictures: a folder for screenshots. --brief: three studies, instead of one for each kind. CHROMIUM names
// the browser, /usr/bin/chromium unless set. Exits with 1 where something is wrong (a first paint of a second or more, a chart that is not
// painted, text that is clipped), and with 0 and a line that says so where there is no browser.
using System.Globalization;
using AutoPeft.Dashboard;
using AutoPeft.Dashboard.Browser;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Dashboard.Tests;
using AutoPeft.Dashboard.Web;
using AutoPeft.Studies;

string chromium = Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium";
if (!File.Exists(chromium))
{
    Console.WriteLine($"skipped: there is no browser at {chromium}; install Chromium, or name one in CHROMIUM");
    return 0;
}
string Option(string name) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : "";
int trials = Option("--trials") is { Length: > 0 } count ? int.Parse(count, CultureInfo.InvariantCulture) : 50_000;
string? pictures = Option("--pictures") is { Length: > 0 } folder ? Directory.CreateDirectory(folder).FullName : null;
string only = Option("--only");
string runs = Directory.CreateTempSubdirectory("autopeft-browser-").FullName;
var findings = new Findings();
try
{
    StudyDefinition definition = LargeStudy.Definition("large", trials + 5000);
    List<StudyEvent> log = LargeStudy.Log(definition, trials);
    var small = new Dictionary<string, List<StudyEvent>>
    {
        ["small"] = LargeStudy.Log(LargeStudy.Definition("small", 60), 40),
        ["single"] = LargeStudy.Log(LargeStudy.Definition("single", 300, objectives: 1), 300, open: 0),
        ["three"] = LargeStudy.Log(LargeStudy.Definition("three", null, objectives: 3), 900),
        ["odd"] = OddStudy.Log(300),
    };
    if (args.Contains("--brief"))
        foreach (string name in (string[])["single", "three"]) small.Remove(name);
    // One objective has no hypervolume of its own: its progress is the first section.
    var lacks = new Dictionary<string, string[]> { ["single"] = ["progress"], ["odd"] = ["curves"] };
    await using Chromium browser = await Chromium.StartAsync(chromium);
    if (only != "dashboard")
    {
        var report = new ReportLook(browser, findings, runs, pictures);
        await report.LookAsync("large", Study.Of(log), [], timed: true);
        foreach ((string name, List<StudyEvent> events) in small)
            await report.LookAsync(name, Study.Of(events), lacks.GetValueOrDefault(name) ?? []);
    }
    if (only != "report")
    {
        await LargeStudy.WriteAsync(Path.Combine(runs, "large"), log);
        foreach ((string name, List<StudyEvent> events) in small) await LargeStudy.WriteAsync(Path.Combine(runs, name), events);
        Directory.CreateDirectory(Path.Combine(runs, "broken"));
        await File.WriteAllTextAsync(Path.Combine(runs, "broken", "study.log"), "This is somebody's diary.\nNot a study.\n");
        var options = new DashboardOptions { Port = 0, Log = Console.Error.WriteLine };
        await using DashboardServer server = await DashboardServer.StartAsync(options, [new JournalFolders([runs])]);
        var look = new DashboardLook(browser, findings, server.Address, pictures);
        await look.ListAsync(small.Count + 1);
        await look.MeasureAsync("large", runs, definition, log, trials);
        await look.LookAsync(lacks);
        await look.UseAsync("small", 40);
    }
    // That the broken study is refused is what its page is about.
    findings.None("console", browser.Complaints.Where(c => !c.Contains("/api/studies/", StringComparison.Ordinal)).Distinct());
}
finally
{
    Directory.Delete(runs, recursive: true);
}
Console.WriteLine(findings.Good ? "good" : "not good");
return findings.Good ? 0 : 1;
