using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using AutoPeft.Reporting;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Browser;

/// <summary>The report as a file, in a browser.</summary>
internal sealed class ReportLook(Chromium browser, Findings findings, string folder, string? pictures)
{
    private const double MaxPaint = 1000;
    private static readonly string[] Charts = ["front", "progress", "parallel", "slices", "contour", "curves", "timeline"];

    /// <summary>Writes the report of a study and looks at it in both widths and both themes.</summary>
    /// <param name="name">What the study is called in messages and pictures.</param>
    /// <param name="study">The study.</param>
    /// <param name="lacks">Sections that this study's report has no chart in.</param>
    /// <param name="timed">Whether the first paint is measured.</param>
    public async Task LookAsync(string name, Study study, IReadOnlyList<string> lacks, bool timed = false)
    {
        string file = Path.Combine(folder, $"{name}.html");
        long start = Stopwatch.GetTimestamp();
        var options = new StudyReportOptions { LiveCommand = "autopeft dashboard runs" };
        await File.WriteAllTextAsync(file, StudyReport.Html(study, options), Encoding.UTF8);
        Console.WriteLine($"report {name}: {study.Trials.Count} trials, written in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s, "
            + $"{new FileInfo(file).Length / 1e6:0.0} MB");
        await browser.SizeAsync(1280, 900, phone: false);
        if (timed)
        {
            double paint = 0, shown = 0;
            for (int i = 0; i < 3; i++)
            {
                (double p, double s) = await OpenAsync(file);
                (paint, shown) = (Math.Max(paint, p), Math.Max(shown, s));
            }
            findings.Below($"report {name}: first contentful paint, {study.Trials.Count} trials", paint, MaxPaint, "ms");
            findings.Below($"report {name}: front drawn", shown, 2 * MaxPaint, "ms");
        }
        var look = new PageLook(browser, findings);
        string[] charts = [.. Charts.Except(lacks)];
        foreach (string theme in (string[])["light", "dark"])
        {
            await browser.ThemeAsync(theme);
            foreach ((int width, bool phone) in ((int, bool)[])[(1280, false), (390, true)])
            {
                await browser.SizeAsync(width, phone ? 844 : 900, phone);
                await OpenAsync(file);
                string? picture = pictures is null ? null : Path.Combine(pictures, $"report-{name}-{width}-{theme}.png");
                await look.LookAsync($"report {name} at {width} px, {theme}", charts, picture);
            }
        }
        await browser.ThemeAsync("light");
        await browser.SizeAsync(1280, 900, phone: false);
        await OpenAsync(file);
        await look.WalkAsync();
        await look.DownloadAsync($"report {name}", "All trials as CSV", study.Trials.Count);
    }

    private async Task<(double Paint, double Shown)> OpenAsync(string file)
    {
        await browser.SendAsync("Page.navigate", new JsonObject { ["url"] = new Uri(file).AbsoluteUri });
        await browser.WaitForAsync($"location.pathname.endsWith('{Path.GetFileName(file)}') && document.readyState === 'complete'");
        await browser.WaitForAsync("['first-contentful-paint', 'report-shown'].every(n => performance.getEntriesByName(n).length)");
        double paint = (double)(await browser.EvaluateAsync("performance.getEntriesByName('first-contentful-paint')[0].startTime"))!;
        double shown = (double)(await browser.EvaluateAsync("performance.getEntriesByName('report-shown')[0].startTime"))!;
        return (paint, shown);
    }
}
