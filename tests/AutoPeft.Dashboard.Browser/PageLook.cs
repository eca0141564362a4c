using System.Text.Json.Nodes;

namespace AutoPeft.Dashboard.Browser;

/// <summary>What is looked at in every page, the report and the dashboard alike.</summary>
internal sealed class PageLook(Chromium browser, Findings findings)
{
    /// <summary>What does not fit: text of a chart beyond its chart, and boxes beyond the window that nothing scrolls.</summary>
    private const string Clipped = """
        (() => {
          const found = [], wide = document.documentElement.scrollWidth - innerWidth;
          if (wide > 0) found.push(`the page is ${wide} px too wide`);
          for (const svg of document.querySelectorAll('.plot svg')) {
            const box = svg.getBoundingClientRect();
            for (const text of svg.querySelectorAll('text')) {
              const r = text.getBoundingClientRect();
              if (r.width && (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1))
                found.push(`'${text.textContent}' in '${svg.getAttribute('aria-label')}' leaves its chart by ` +
                  `${Math.round(Math.max(box.left - r.left, r.right - box.right, box.top - r.top, r.bottom - box.bottom))} px`);
            }
          }
          const scrolls = e => e && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
          for (const e of document.querySelectorAll('header *, main *')) {
            const r = e.getBoundingClientRect();
            if (r.width && r.right > innerWidth + 1 && !scrolls(e.parentElement))
              found.push(`${e.tagName} '${(e.textContent ?? '').slice(0, 30)}' ends at ${Math.round(r.right)}`);
          }
          return found.slice(0, 12);
        })()
        """;

    /// <summary>How much of each chart is painted: pixels of its canvas that are not clear, and parts of its drawing.</summary>
    private const string Painted = """
        (id => [...document.querySelectorAll(`#${id} .plot`)].map(plot => {
          const canvas = plot.querySelector('canvas');
          const parts = plot.querySelectorAll('svg path, svg circle, svg rect, svg polyline, svg line, svg text').length;
          if (!canvas.width || !canvas.height) return 0;
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let inked = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i]) inked++;
          return Math.min(inked, 100) + parts;
        }))
        """;

    /// <summary>Goes through the page, so that what is made when it comes into view is made.</summary>
    public async Task WalkAsync()
    {
        await browser.EvaluateAsync("""
            (async () => {
              for (let y = 0; y < document.body.scrollHeight; y += 500) {
                scrollTo({ top: y, behavior: 'instant' });
                await new Promise(f => setTimeout(f, 60));
              }
            })()
            """);
        await browser.WaitForAsync("!document.querySelector('section.waiting')", 60);
        await browser.EvaluateAsync("new Promise(f => setTimeout(f, 400))");
    }

    /// <summary>Walks through the page; every chart of every section is painted, and nothing is clipped.</summary>
    public async Task LookAsync(string page, IReadOnlyList<string> charts, string? picture)
    {
        await WalkAsync();
        foreach (string id in charts)
        {
            await browser.EvaluateAsync($"document.getElementById('{id}')?.scrollIntoView({{ behavior: 'instant' }})");
            try { await browser.WaitForAsync($"{Painted}('{id}').some(n => n > 10)", 20); }
            catch (TimeoutException) { findings.Holds(false, $"{page}: the section '{id}' has no painted chart"); }
        }
        await browser.EvaluateAsync("scrollTo({ top: 0, behavior: 'instant' }); new Promise(f => setTimeout(f, 250))");
        if (picture is not null) await browser.ScreenshotAsync(picture, whole: true);
        findings.None(page, ((await browser.EvaluateAsync(Clipped))!.AsArray()).Select(c => (string)c!));
    }

    /// <summary>Saves every chart as PNG and the trials as CSV; both are real files.</summary>
    public async Task DownloadAsync(string page, string csvButton, int rows)
    {
        string folder = Directory.CreateTempSubdirectory("autopeft-saved-").FullName;
        try
        {
            await browser.SendAsync("Browser.setDownloadBehavior", new JsonObject { ["behavior"] = "allow", ["downloadPath"] = folder });
            int charts = (int)(await browser.EvaluateAsync("document.querySelectorAll('.plot .png').length"))!;
            for (int i = 0; i < charts; i++)
            {
                await browser.EvaluateAsync($"document.querySelectorAll('.plot .png')[{i}].click()");
                string[] now = await FilesAsync(folder, "*.png", i + 1);
                // A page may save ten files a second.
                await Task.Delay(130);
                findings.Holds(now.Length == i + 1, $"{page}: the PNG of chart {i} was not saved");
                if (now.Length < i + 1) return;
            }
            byte[] signature = [0x89, (byte)'P', (byte)'N', (byte)'G'];
            string[] files = Directory.GetFiles(folder, "*.png");
            bool Picture(byte[] bytes) => bytes.Length > 1500 && bytes.AsSpan(0, 4).SequenceEqual(signature);
            findings.Holds(files.All(f => Picture(File.ReadAllBytes(f))), $"{page}: a PNG is no picture");
            await browser.EvaluateAsync($"[...document.querySelectorAll('button, a')].find(b => b.textContent === '{csvButton}').click()");
            string[] tables = await FilesAsync(folder, "*.csv", 1);
            int lines = tables.Length == 1 ? File.ReadLines(tables[0]).Count() : 0;
            findings.Holds(lines == rows + 1, $"{page}: the CSV has {lines} lines for {rows} trials");
            Console.WriteLine($"{page}: {files.Length} charts saved as PNG, {lines} lines of CSV");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private static async Task<string[]> FilesAsync(string folder, string pattern, int count)
    {
        string[] Files() => [.. Directory.GetFiles(folder, pattern).Where(f => new FileInfo(f).Length > 0)];
        bool Done() => Files().Length >= count && Directory.GetFiles(folder, "*.crdownload").Length == 0;
        for (int tries = 0; tries < 200 && !Done(); tries++) await Task.Delay(50);
        return Files();
    }
}
