using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Dashboard.Web;

namespace AutoPeft.Dashboard.Tests;

/// <summary>A real server on a free port of the loopback interface, over a directory of real journals.</summary>
internal sealed class Dashboard : IAsyncDisposable
{
    private readonly DashboardServer _server;
    private readonly string _directory;

    private Dashboard(DashboardServer server, string directory)
    {
        (_server, _directory) = (server, directory);
        Client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = server.Address };
    }

    public HttpClient Client { get; }

    public Uri Address => _server.Address;

    public string Directory => _directory;

    /// <summary>What the server wrote to its log.</summary>
    public List<string> Logged { get; private init; } = [];

    /// <param name="options">Options; the port is always a free one.</param>
    /// <param name="studies">Names of directories, with the trials that each study has.</param>
    public static async Task<Dashboard> StartAsync(DashboardOptions? options = null, params (string Name, int Trials)[] studies)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("autopeft-test-").FullName;
        foreach ((string name, int trials) in studies)
            await LargeStudy.WriteAsync(Path.Combine(directory, name), LargeStudy.Log(LargeStudy.Definition(name, trials + 10), trials));
        var logged = new List<string>();
        DashboardServer server = await DashboardServer.StartAsync((options ?? new DashboardOptions()) with { Port = 0, Log = logged.Add },
            [new JournalFolders([directory])]);
        return new Dashboard(server, directory) { Logged = logged };
    }

    /// <summary>The API's path of the study in a directory, once it is open.</summary>
    public async Task<string> StudyAsync(string name)
    {
        while (true)
        {
            JsonElement list = await GetAsync("/api/studies");
            foreach (JsonElement s in list.GetProperty("studies").EnumerateArray())
                if (Path.GetFileName(s.GetProperty("where").GetString()) == name
                    && (s.TryGetProperty("counts", out _) || s.TryGetProperty("problem", out _)))
                    return $"/api/studies/{s.GetProperty("id").GetString()}";
            await Task.Delay(20);
        }
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage answer = await Client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>Asks until <paramref name="enough"/> holds.</summary>
    public async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> enough)
    {
        while (true)
        {
            JsonElement got = await GetAsync(path);
            if (enough(got)) return got;
            await Task.Delay(20);
        }
    }

    public Task<(int Status, JsonElement Body)> PostAsync(string path, object body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, JsonContent.Create(body), [("X-AutoPeft", "1"), .. headers]);

    public async Task<(int Status, JsonElement Body)> SendAsync(HttpMethod method, string path, HttpContent? content = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach ((string name, string value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage answer = await Client.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default);
    }

    /// <summary>Sends bytes as they are, since a client would tidy them, and returns the answer's first line.</summary>
    public async Task<string> RawAsync(string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(Address.Host, Address.Port);
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadLineAsync() ?? "";
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        System.IO.Directory.Delete(_directory, recursive: true);
    }
}
