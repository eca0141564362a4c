using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace AutoPeft.TestKit;

/// <summary>
/// A private PostgreSQL server in a temporary directory, for tests that need a real one. It listens on a free loopback port and on a socket
/// in its directory, knows a superuser "postgres" without a password, and is gone when disposed. A root process runs it as the user
/// "postgres", since PostgreSQL refuses root.
/// </summary>
public sealed class PostgresProcess : IAsyncDisposable
{
    private readonly string _bin;
    private readonly string _options;

    private PostgresProcess(string bin, string directory, int port, string options) =>
        (_bin, Directory, Port, _options) = (bin, directory, port, options);

    /// <summary>The directory with its programs; null where PostgreSQL is not installed. AUTOPEFT_POSTGRES_BIN names another.</summary>
    public static string? FindBin()
    {
        if (Environment.GetEnvironmentVariable("AUTOPEFT_POSTGRES_BIN") is { Length: > 0 } named)
        {
            return File.Exists(Path.Combine(named, "initdb")) ? named : null;
        }
        const string debian = "/usr/lib/postgresql";
        if (System.IO.Directory.Exists(debian)
            && System.IO.Directory.GetDirectories(debian).Select(d => Path.Combine(d, "bin"))
                .Where(d => File.Exists(Path.Combine(d, "initdb"))).Order().LastOrDefault() is { } found) return found;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")));
    }

    /// <summary>Data, socket and log.</summary>
    public string Directory { get; }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>As <c>--store</c> takes it.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"postgres://postgres@127.0.0.1:{Port}/postgres");

    private string Data => Path.Combine(Directory, "data");

    /// <summary>
    /// Makes and starts a server. Where PostgreSQL is not installed, the test that asks for one is skipped, and the report of the run says
    /// so: such tests are marked <c>[SkippableFact]</c> or <c>[SkippableTheory]</c>.
    /// </summary>
    /// <param name="durable">Whether it syncs to disk. Tests that do not cut the power need not wait for that.</param>
    /// <param name="listen">Addresses to listen on.</param>
    public static async Task<PostgresProcess> StartAsync(bool durable = false, string listen = "127.0.0.1")
    {
        string bin = FindBin() ?? throw new SkipException("PostgreSQL is not installed here (Debian: apt-get install postgresql).");
        string directory = System.IO.Directory.CreateTempSubdirectory("autopeft-postgres-").FullName;
        var server = new PostgresProcess(bin, directory, FreePort(),
            $"-c listen_addresses={listen} -c unix_socket_directories={directory} -c fsync={(durable ? "on" : "off")} -c "
                + $"max_connections=150");
        if (Environment.IsPrivilegedProcess) await RunAsync("chown", "postgres", directory);
        await server.AsServerUserAsync("initdb", "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
            "--no-sync");
        if (listen != "127.0.0.1") await File.AppendAllTextAsync(Path.Combine(server.Data, "pg_hba.conf"), "host all all all trust\n");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it after a stop.</summary>
    public Task StartAgainAsync() =>
        AsServerUserAsync("pg_ctl", "-D", Data, "-w", "-s", "-l", Path.Combine(Directory, "log"), "-o", $"-p {Port} {_options}", "start");

    /// <summary>Stops it.</summary>
    /// <param name="immediate">As a crash would: nothing is written back, and clients hear nothing. Else connections are ended in
    /// order.</param>
    public Task StopAsync(bool immediate = false) =>
        AsServerUserAsync("pg_ctl", "-D", Data, "-w", "-s", "-m", immediate ? "immediate" : "fast", "stop");

    /// <summary>Runs SQL and gives the first column of the rows, a line each.</summary>
    public Task<string> SqlAsync(string sql, string database = "postgres") =>
        RunAsync(Path.Combine(_bin, "psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
            Port.ToString(CultureInfo.InvariantCulture), "-U", "postgres", "-d", database, "-c", sql);

    /// <summary>Puts a line before the others in pg_hba.conf and has the server read it.</summary>
    public async Task AddAccessRuleAsync(string line)
    {
        string file = Path.Combine(Data, "pg_hba.conf");
        await File.WriteAllTextAsync(file, line + "\n" + await File.ReadAllTextAsync(file));
        await SqlAsync("select pg_reload_conf()");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try { await StopAsync(immediate: true); }
        catch (InvalidOperationException) { }
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private Task<string> AsServerUserAsync(string program, params string[] arguments)
    {
        program = Path.Combine(_bin, program);
        return Environment.IsPrivilegedProcess
            ? RunAsync("setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", program, .. arguments])
            : RunAsync(program, arguments);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        // The server that pg_ctl leaves behind would keep a pipe open: what programs say goes through a file.
        string said = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = "/" };
            foreach (string a in (string[])["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "sh", said, program,
                .. arguments]) start.ArgumentList.Add(a);
            using Process process = Process.Start(start)!;
            await process.WaitForExitAsync();
            string text = await File.ReadAllTextAsync(said);
            return process.ExitCode == 0
                ? text.Trim()
                : throw new InvalidOperationException(
                    $"{Path.GetFileName(program)} {string.Join(' ', arguments)} ended with {process.ExitCode}: {text}");
        }
        finally { File.Delete(said); }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
