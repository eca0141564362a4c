using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Dashboard.Web;
using AutoPeft.Studies;

namespace AutoPeft.Dashboard.Tests;

/// <summary>What must not be possible, over real sockets.</summary>
public sealed class SecurityTests
{
    private const string Token = "correct horse battery staple";

    [Fact]
    public async Task It_listens_on_loopback_alone_unless_told_otherwise()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync();
        Assert.True(IPAddress.IsLoopback(IPAddress.Parse(dashboard.Address.Host)));
        IPAddress[] others = [.. (await Dns.GetHostAddressesAsync(Dns.GetHostName()))
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a))];
        foreach (IPAddress other in others)
        {
            using var socket = new TcpClient();
            await Assert.ThrowsAnyAsync<SocketException>(() => socket.ConnectAsync(other, dashboard.Address.Port));
        }
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("*")]
    [InlineData("192.0.2.1")]
    public async Task Another_host_without_a_token_is_refused_before_anything_listens(string host)
    {
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(
            () => DashboardServer.StartAsync(new DashboardOptions { Host = host, Port = 0 }, []));
        Assert.Contains("--token", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/app.js")]
    [InlineData("/api/studies")]
    [InlineData("/api/events")]
    [InlineData("/studies/0123456789abcdef")]
    public async Task Without_the_token_nothing_is_shown(string path)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { Token = Token }, ("hidden", 3));
        using HttpResponseMessage answer = await dashboard.Client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.DoesNotContain("hidden", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_lets_in_as_a_bearer_and_as_a_cookie_that_scripts_and_other_sites_cannot_use()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { Token = Token }, ("run", 3));
        Assert.Equal(200, (await dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Authorization", "Bearer " + Token))).Status);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/session") { Content = JsonContent.Create(new { token = Token }) };
        request.Headers.Add("X-AutoPeft", "1");
        using HttpResponseMessage answer = await dashboard.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        string cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("horse", Uri.UnescapeDataString(cookie), StringComparison.Ordinal);
        string pair = cookie[..cookie.IndexOf(';', StringComparison.Ordinal)];
        Assert.Equal(200, (await dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Cookie", pair))).Status);
        string other = pair[..^1] + (pair[^1] == '0' ? '1' : '0');
        Assert.Equal(401, (await dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Cookie", other))).Status);
    }

    [Fact]
    public async Task A_wrong_token_is_slow_and_many_at_once_are_turned_away()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { Token = Token });
        (int Status,
            JsonElement)[] answers = await Task.WhenAll(Enumerable.Range(0, 30)
                .Select(i => dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Authorization", $"Bearer guess {i}"))));
        Assert.DoesNotContain(answers, a => a.Status is not (401 or 429));
        Assert.Contains(answers, a => a.Status == 429);
        Assert.Equal(200, (await dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Authorization", "Bearer " + Token))).Status);
    }

    [Fact]
    public async Task The_right_token_is_let_in_while_wrong_ones_come_by_the_hundred()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { Token = Token, MaxUnknown = 1000 });
        // While these wait for their answers, the right one comes.
        Task<(int Status, JsonElement)>[] guesses = [.. Enumerable.Range(0, 200)
            .Select(i => dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Authorization", $"Bearer guess {i}")))];
        for (int i = 0; i < 20; i++)
            Assert.Equal(200,
                (await dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Authorization", "Bearer " + Token))).Status);
        Assert.DoesNotContain(await Task.WhenAll(guesses), a => a.Status is not (401 or 429));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcde")]
    public async Task A_token_that_can_be_guessed_is_refused(string token)
    {
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(
            () => DashboardServer.StartAsync(new DashboardOptions { Token = token, Port = 0 }, []));
        Assert.Contains("openssl rand -hex 16", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("GET / HTTP/1.1\r\nHost: loc")]
    [InlineData("GET /api/studies HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    public async Task A_thousand_connections_of_strangers_keep_nobody_out(string? sent)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { Token = Token, MaxUnknown = 50 });
        // One that was let in before stays, however many strangers come.
        using var before = new TcpClient();
        await before.ConnectAsync(dashboard.Address.Host, dashboard.Address.Port);
        byte[] request = Encoding.ASCII.GetBytes($"GET /api/studies HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Token}\r\n\r\n");
        await before.GetStream().WriteAsync(request);
        using var reader = new StreamReader(before.GetStream(), Encoding.ASCII);
        Assert.Contains(" 200 ", await reader.ReadLineAsync(), StringComparison.Ordinal);
        var strangers = new List<TcpClient>();
        try
        {
            for (int i = 0; i < 1000; i++)
            {
                var stranger = new TcpClient();
                strangers.Add(stranger);
                await stranger.ConnectAsync(dashboard.Address.Host, dashboard.Address.Port);
                if (sent is not null) await stranger.GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent));
            }
            using var fresh = new HttpClient { BaseAddress = dashboard.Address };
            fresh.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
            Assert.Equal(HttpStatusCode.OK, (await fresh.GetAsync(new Uri("/api/studies", UriKind.Relative))).StatusCode);
            await before.GetStream().WriteAsync(request);
            string? line;
            do line = await reader.ReadLineAsync();
            while (line is not null && !line.Contains("HTTP/1.1", StringComparison.Ordinal));
            Assert.Contains(" 200 ", line, StringComparison.Ordinal);
        }
        finally
        {
            foreach (TcpClient stranger in strangers) stranger.Dispose();
        }
    }

    [Theory]
    [InlineData("/api/session", """{"token":"\ud800"}""")]
    [InlineData("/api/session", """{"\udc00":"x"}""")]
    [InlineData("/api/session", """{"token":[{"a":["\ud83d"]}]}""")]
    public async Task Half_a_surrogate_pair_is_a_bad_request_before_and_behind_the_sign_in(string path, string body)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { Token = Token }, ("run", 3));
        StringContent Json() => new(body, new MediaTypeHeaderValue("application/json"));
        Assert.Equal(400, (await dashboard.SendAsync(HttpMethod.Post, path, Json(), ("X-AutoPeft", "1"))).Status);
        await using Dashboard open = await Dashboard.StartAsync(null, ("run", 3));
        string study = await open.StudyAsync("run");
        foreach (string change in (string[])["pause", "requeue", "enqueue"])
            Assert.Equal(400, (await open.SendAsync(HttpMethod.Post, $"{study}/{change}", Json(), ("X-AutoPeft", "1"))).Status);
        Assert.Empty(dashboard.Logged.Concat(open.Logged));
    }

    [Fact]
    public async Task The_token_is_in_no_address_and_no_log()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { Token = Token }, ("run", 3));
        await dashboard.SendAsync(HttpMethod.Get, "/api/studies/nothing?token=" + Uri.EscapeDataString(Token), null,
            ("Authorization", "Bearer " + Token));
        await dashboard.SendAsync(HttpMethod.Post, "/api/session", new StringContent("{", new MediaTypeHeaderValue("application/json")),
            ("X-AutoPeft", "1"));
        Assert.DoesNotContain("horse", dashboard.Address.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(dashboard.Logged, l => l.Contains("horse", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8470")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("192.0.2.7")]
    public async Task A_host_name_that_is_not_ours_is_refused_as_a_rebinding_attack_would_have_it(string host)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync();
        Assert.Contains(" 403 ", await dashboard.RawAsync($"GET /api/studies HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("localhost:9999")]
    [InlineData("127.0.0.1:1")]
    [InlineData("[::1]:8470")]
    public async Task A_tunnel_may_give_the_loopback_another_port(string host)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync();
        Assert.Contains(" 200 ", await dashboard.RawAsync($"GET /api/studies HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("http://localhost")]
    [InlineData("null")]
    [InlineData("file://")]
    [InlineData("http://evil.example@127.0.0.1")]
    public async Task A_forged_origin_is_refused_and_nothing_changes(string origin)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 5));
        string study = await dashboard.StudyAsync("run");
        long before = (await dashboard.GetAsync(study + "/live")).GetProperty("sequence").GetInt64();
        Assert.Equal(403, (await dashboard.PostAsync(study + "/pause", new { }, ("Origin", origin))).Status);
        Assert.Equal(403,
            (await dashboard.PostAsync(study + "/requeue", new { trials = Enumerable.Range(4, 1) }, ("Origin", origin))).Status);
        Assert.Equal(403, (await dashboard.SendAsync(HttpMethod.Get, "/api/studies", null, ("Origin", origin))).Status);
        Assert.Equal(before, (await dashboard.GetAsync(study + "/live")).GetProperty("sequence").GetInt64());
    }

    [Fact]
    public async Task The_pages_own_origin_may_change_what_it_shows()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 5));
        string study = await dashboard.StudyAsync("run");
        Assert.Equal(200,
            (await dashboard.PostAsync(study + "/pause", new { }, ("Origin", dashboard.Address.GetLeftPart(UriPartial.Authority)))).Status);
    }

    [Fact]
    public async Task What_a_form_of_another_site_can_send_changes_nothing()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 5));
        string study = await dashboard.StudyAsync("run");
        Assert.Equal(403,
            (await dashboard.SendAsync(HttpMethod.Post, study + "/pause",
                new StringContent("{}", new MediaTypeHeaderValue("text/plain")))).Status);
        Assert.Equal(403, (await dashboard.SendAsync(HttpMethod.Post, study + "/pause", new FormUrlEncodedContent([]))).Status);
        Assert.Equal(415,
            (await dashboard.SendAsync(HttpMethod.Post, study + "/pause", new StringContent("{}", new MediaTypeHeaderValue("text/plain")),
                ("X-AutoPeft", "1"))).Status);
        Assert.Equal(405, (await dashboard.SendAsync(HttpMethod.Delete, study, null, ("X-AutoPeft", "1"))).Status);
        Assert.False((await dashboard.GetAsync(study + "/live")).GetProperty("paused").GetBoolean());
    }

    [Theory]
    [InlineData("/../../../../etc/passwd")]
    [InlineData("/..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/studies/../../etc/passwd")]
    [InlineData("/api/studies/..%2f..%2frun%2fstudy.log")]
    [InlineData("/api/studies/%2fetc%2fpasswd/live")]
    [InlineData("/api/studies/../run/study.log")]
    [InlineData("/app.js/../../study.log")]
    [InlineData("//etc/passwd")]
    [InlineData("/..\\..\\etc\\passwd")]
    public async Task No_path_leads_to_a_file(string path)
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 3));
        string status = (await dashboard.RawAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).Split(' ')[1];
        Assert.Contains(status, (string[])["400", "404"]);
    }

    [Fact]
    public async Task A_body_of_100_megabytes_is_refused_at_once_whether_announced_or_not()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(null, ("run", 3));
        string study = await dashboard.StudyAsync("run");
        // Announced: answered before a byte of it is sent.
        string head = $"POST {study}/enqueue HTTP/1.1\r\nHost: localhost\r\nX-AutoPeft: 1\r\nContent-Type: application/json\r\n";
        Assert.Contains(" 413 ", await dashboard.RawAsync(head + "Content-Length: 104857600\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(" 413 ", await dashboard.RawAsync("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n"),
            StringComparison.Ordinal);
        Assert.Contains(" 413 ",
            await dashboard.RawAsync("GET /api/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n\r\n"),
            StringComparison.Ordinal);
        // In chunks, whose sum nobody knows: answered when the limit is passed.
        string chunk = "10000\r\n" + new string('1', 0x10000) + "\r\n";
        Assert.Contains(" 413 ",
            await dashboard.RawAsync(head + "Transfer-Encoding: chunked\r\n\r\n" + string.Concat(Enumerable.Repeat(chunk, 6))),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_answer_carries_a_policy_that_runs_no_foreign_script_and_lets_no_page_frame_it()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync();
        foreach (string path in (string[])["/", "/app.js", "/api/studies", "/nothing"])
        {
            using HttpResponseMessage answer = await dashboard.Client.GetAsync(new Uri(path, UriKind.Relative));
            string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync();
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(
            () => DashboardServer.StartAsync(new DashboardOptions { Port = dashboard.Address.Port }, []));
        Assert.Contains($"port {dashboard.Address.Port}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_does_not_exist_is_named()
    {
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(
            () => DashboardServer.StartAsync(new DashboardOptions { Port = 0 }, [new JournalFolders(["no/such/place"])]));
        Assert.Contains("no/such/place", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_too_many_is_told_so_and_the_others_stay()
    {
        await using Dashboard dashboard = await Dashboard.StartAsync(new DashboardOptions { MaxLive = 2 });
        using HttpResponseMessage first =
            await dashboard.Client.GetAsync(new Uri("/api/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using (HttpResponseMessage second =
            await dashboard.Client.GetAsync(new Uri("/api/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(HttpStatusCode.OK, second.StatusCode);
            Assert.Equal(503, (await dashboard.SendAsync(HttpMethod.Get, "/api/events")).Status);
        }
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
    }
}
