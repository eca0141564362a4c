using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AutoPeft.Dashboard.Browser;

/// <summary>A headless Chromium of its own, spoken to over the DevTools protocol.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly string _profile = Directory.CreateTempSubdirectory("autopeft-chromium-").FullName;
    private int _id;

    private Chromium(string path)
    {
        var start = new ProcessStartInfo(path) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string a in (string[])["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--remote-debugging-port=0", $"--user-data-dir={_profile}", "about:blank"]) start.ArgumentList.Add(a);
        _process = Process.Start(start)!;
    }

    /// <summary>Lines of the page's console, errors and warnings.</summary>
    public List<string> Complaints { get; } = [];

    public static async Task<Chromium> StartAsync(string path)
    {
        var browser = new Chromium(path);
        string? port = null;
        while (port is null && await browser._process.StandardError.ReadLineAsync() is { } line)
            if (line.StartsWith("DevTools listening on ", StringComparison.Ordinal))
                port = new Uri(line["DevTools listening on ".Length..]).Port.ToString(CultureInfo.InvariantCulture);
        // Drained, or the browser would wait for room in the pipe.
        _ = browser._process.StandardError.ReadToEndAsync();
        _ = browser._process.StandardOutput.ReadToEndAsync();
        using var http = new HttpClient();
        JsonNode targets = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json/list")))!;
        string page = targets.AsArray().First(t => (string)t!["type"]! == "page")!["webSocketDebuggerUrl"]!.ToString();
        await browser._socket.ConnectAsync(new Uri(page), default);
        foreach (string domain in (string[])["Page", "Runtime", "Log", "Performance"]) await browser.SendAsync(domain + ".enable");
        return browser;
    }

    public async Task<JsonNode> SendAsync(string method, JsonObject? parameters = null)
    {
        int id = ++_id;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, default);
        while (true)
        {
            JsonNode answer = await ReceiveAsync();
            if ((int?)answer["id"] == id)
                return answer["error"] is { } e ? throw new InvalidOperationException($"{method}: {e.ToJsonString()}") : answer["result"]!;
            switch ((string?)answer["method"])
            {
                case "Runtime.exceptionThrown": Complaints.Add(answer["params"]!["exceptionDetails"]!.ToJsonString()); break;
                case "Log.entryAdded" when (string?)answer["params"]!["entry"]!["level"] is "error" or "warning":
                    Complaints.Add(answer["params"]!["entry"]!.ToJsonString()); break;
            }
        }
    }

    /// <summary>The value of an expression; a promise is awaited.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonNode result = await SendAsync("Runtime.evaluate", new JsonObject
        {
            ["expression"] = expression,
            ["awaitPromise"] = true,
            ["returnByValue"] = true,
            // As if a person had done it: saving files needs one.
            ["userGesture"] = true,
        });
        if (result["exceptionDetails"] is { } e) throw new InvalidOperationException(e.ToJsonString());
        return result["result"]!["value"]?.DeepClone();
    }

    public async Task WaitForAsync(string condition, double seconds = 20)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await HoldsAsync(condition))
        {
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
                throw new TimeoutException($"{condition} did not come true. {string.Join('\n', Complaints)}");
            await Task.Delay(30);
        }
    }

    private async Task<bool> HoldsAsync(string condition)
    {
        try
        {
            return (bool?)await EvaluateAsync($"Boolean({condition})") == true;
        }
        catch (InvalidOperationException e) when (e.Message.Contains("Inspected target navigated", StringComparison.Ordinal))
        {
            // The page that was asked has just made way for the next, where the condition is to come true.
            return false;
        }
    }

    public async Task ScreenshotAsync(string file, bool whole = false)
    {
        JsonNode shot = await SendAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png", ["captureBeyondViewport"] = whole });
        await File.WriteAllBytesAsync(file, Convert.FromBase64String((string)shot["data"]!));
    }

    public async Task SizeAsync(int width, int height, bool phone)
    {
        await SendAsync("Emulation.setDeviceMetricsOverride",
            new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = phone ? 2 : 1, ["mobile"] = phone });
    }

    public async Task ThemeAsync(string theme) =>
        await SendAsync("Emulation.setEmulatedMedia",
            new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = theme }) });

    /// <summary>Private memory in MiB of the largest renderer process: the page's, and what of the browser's code it has changed.</summary>
    public double RendererMegabytes() =>
        Processes().Where(p => p.Type == "renderer").Select(p => p.Megabytes).DefaultIfEmpty(double.NaN).Max();

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        // Its helpers take a moment to let go of the profile.
        for (int tries = 0; tries < 20 && Directory.Exists(_profile); tries++)
        {
            try { Directory.Delete(_profile, recursive: true); }
            catch (IOException) { await Task.Delay(100); }
        }
    }

    private IEnumerable<(string Type, double Megabytes)> Processes()
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
        {
            string command, memory;
            try
            {
                command = File.ReadAllText(Path.Combine(directory, "cmdline"));
                if (!command.Contains(_profile, StringComparison.Ordinal) || !command.Contains("--type=renderer", StringComparison.Ordinal))
                    continue;
                memory = File.ReadAllText(Path.Combine(directory, "smaps_rollup"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { continue; }
            double kilobytes = memory.Split('\n').Where(l => l.StartsWith("Private_", StringComparison.Ordinal))
                .Sum(l => double.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
            yield return ("renderer", kilobytes / 1024);
        }
    }

    private async Task<JsonNode> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (true)
        {
            WebSocketReceiveResult got = await _socket.ReceiveAsync(buffer, default);
            message.Write(buffer, 0, got.Count);
            if (got.EndOfMessage) return JsonNode.Parse(message.ToArray()) ?? throw new JsonException();
        }
    }
}
