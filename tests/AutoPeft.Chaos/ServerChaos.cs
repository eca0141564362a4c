using System.Diagnostics;
using System.Globalization;
using AutoPeft.Postgres;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Chaos;

/// <summary>The server, or the way to it, gone for a while under a running sweep.</summary>
internal static class ServerChaos
{
    public static async Task<int> RestartAsync(Options o)
    {
        await using PostgresProcess server = await PostgresProcess.StartAsync(durable: true).ConfigureAwait(false);
        return await SweepAsync(o, server, "restart", [new Host([]), new Host([])], async running =>
        {
            int times = o.Int("times", 4), done = 0;
            for (; done < times && running(); done++)
            {
                await Task.Delay(3000).ConfigureAwait(false);
                await server.StopAsync(immediate: done % 2 == 0).ConfigureAwait(false);
                await Task.Delay(1000).ConfigureAwait(false);
                await server.StartAgainAsync().ConfigureAwait(false);
            }
            return $"{done} restarts, every other one a crash";
        }).ConfigureAwait(false);
    }

    public static async Task<int> NetworkAsync(Options o)
    {
        if (!Environment.IsPrivilegedProcess) throw new InvalidOperationException("Network namespaces need root.");
        const string net = "autopeft-chaos", inside = "apchaos1", outside = "apchaos0", serverAddress = "10.213.77.1";
        int seconds = o.Int("seconds", 30);
        await using PostgresProcess server = await PostgresProcess.StartAsync(durable: true, listen: "'*'").ConfigureAwait(false);
        Processes.Must("ip", "netns", "add", net);
        try
        {
            Processes.Must("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", net);
            Processes.Must("ip", "addr", "add", serverAddress + "/24", "dev", outside);
            Processes.Must("ip", "link", "set", outside, "up");
            Processes.Must("ip", "-n", net, "addr", "add", "10.213.77.2/24", "dev", inside);
            Processes.Must("ip", "-n", net, "link", "set", inside, "up");
            Processes.Must("ip", "-n", net, "link", "set", "lo", "up");
            Host far = new(["ip", "netns", "exec", net], serverAddress, "10.213.77.2"), near = new([], "127.0.0.1", serverAddress);
            return await SweepAsync(o, server, "network", [far, far, near], async running =>
            {
                await AllTakePartAsync(server, 3).ConfigureAwait(false);
                if (!running()) throw new InvalidOperationException("The sweep was over before the cut; give it more trials.");
                Processes.Must("ip", "link", "set", outside, "down");
                await Task.Delay(TimeSpan.FromSeconds(seconds)).ConfigureAwait(false);
                bool still = running();
                Processes.Must("ip", "link", "set", outside, "up");
                return $"network of two of three workers cut for {seconds} s{(still ? "" : ", at whose end nothing was left to do")}";
            }).ConfigureAwait(false);
        }
        finally
        {
            Processes.Must("ip", "netns", "del", net);
        }
    }

    /// <summary>A study, a worker command on each of <paramref name="hosts"/>, and what happens meanwhile.</summary>
    private static async Task<int> SweepAsync(Options o, PostgresProcess server, string what, Host[] hosts, Func<Func<bool>,
        Task<string>> happens)
    {
        string folder = Directory.CreateTempSubdirectory("autopeft-chaos-").FullName, log = Path.Combine(folder, "log");
        int trials = o.Int("trials", 200);
        string[] Place(string url) =>
            ["--store", url, "--study", "chaos", "--attempts", "1000", "--plain", "--out", Path.Combine(folder, "run")];
        using (Process make =
            Processes.Start(log, [], ["sweep", "function:zdt1", "--trials", trials.ToString(CultureInfo.InvariantCulture), "--delay",
            o.Text("delay", "0.3"), "--sampler", "random", "--workers", "0", .. Place(server.Url)]))
            await make.WaitForExitAsync().ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        Process[] workers = [.. hosts.Select(h =>
            Processes.Start(log, h.Prefix, ["worker", "--address", h.Address,
            .. Place(server.Url.Replace("127.0.0.1", h.Server, StringComparison.Ordinal))]))];
        string happened = await happens(() => workers.Any(w => !w.HasExited)).ConfigureAwait(false);
        foreach (Process w in workers)
        {
            await w.WaitForExitAsync().ConfigureAwait(false);
            if (w.ExitCode != 0)
            {
                string said = await File.ReadAllTextAsync(log).ConfigureAwait(false);
                throw new InvalidOperationException($"A worker ended with {w.ExitCode}:\n{said}");
            }
        }
        Console.Write(string.Concat((await File.ReadAllLinesAsync(log).ConfigureAwait(false)).Where(l =>
            l.StartsWith("autopeft: ", StringComparison.Ordinal)).Distinct().Select(l => l + "\n")));
        await using PostgresStore store = await PostgresStore.OpenAsync(StoreAddress.Parse(server.Url), "chaos").ConfigureAwait(false);
        int result = await LogCheck.RunAsync(store, trials, $"{what}, {happened}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s")
            .ConfigureAwait(false);
        Directory.Delete(folder, recursive: true);
        return result;
    }

    /// <summary>Returns when so many silos have run a trial.</summary>
    private static async Task AllTakePartAsync(PostgresProcess server, int silos)
    {
        await using PostgresStore store = await PostgresStore.OpenAsync(StoreAddress.Parse(server.Url), "chaos").ConfigureAwait(false);
        var seen = new HashSet<string>();
        long read = 0;
        while (seen.Count < silos)
        {
            await store.WaitForChangeAsync(read, TimeSpan.FromSeconds(1), CancellationToken.None).ConfigureAwait(false);
            await foreach (StudyEvent e in store.ReadAsync(read, CancellationToken.None).ConfigureAwait(false))
            {
                read++;
                if (e is TrialStarted s) seen.Add(s.Worker.Split('/')[0]);
            }
        }
    }

    /// <summary>A machine of the cluster, or what stands for one.</summary>
    /// <param name="Prefix">What starts a command there.</param>
    /// <param name="Server">The database server's address as the machine sees it.</param>
    /// <param name="Address">The machine's own address.</param>
    private sealed record Host(string[] Prefix, string Server = "127.0.0.1", string Address = "127.0.0.1");
}
