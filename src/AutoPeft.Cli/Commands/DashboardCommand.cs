using System.CommandLine;
using AutoPeft.Cli.Sweeps;
using AutoPeft.Dashboard;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Dashboard.Web;

namespace AutoPeft.Cli.Commands;

/// <summary><c>autopeft dashboard</c>: a live page over studies.</summary>
internal static class DashboardCommand
{
    private const string TokenVariable = "AUTOPEFT_DASHBOARD_TOKEN";

    public static Command Create()
    {
        var directories = new Argument<string[]>("DIR")
        {
            Description = "Sweeps' directories, or ones that hold sweeps; default: runs.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var port = new Option<int>("--port")
        {
            Description = "Port; 0 for any free one.",
            DefaultValueFactory = _ => DashboardOptions.DefaultPort,
        };
        var host = new Option<string>("--host")
        {
            Description = "Address or name to listen on. Default: this machine alone; any other needs --token.",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var token = new Option<string?>("--token")
        {
            Description =
            $"What people must know to look; or set {TokenVariable}, which other users of this machine cannot see."
        };
        var store = new Option<string?>("--store")
        {
            Description = "Also, or instead of directories, the studies of a PostgreSQL store: postgres://user@host/database; - reads it "
                + "from standard input.",
        };
        const string what = "Shows studies, trials and workers live in the browser; pauses, resumes, requeues, enqueues and takes notes.";
        var command = new Command("dashboard", what) { directories, store, port, host, token };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string[] typed = parsed.GetValue(directories) ?? [];
            var sources = new List<IStudySource>();
            if (parsed.GetValue(store) is { } shared) sources.Add(new SharedStudies(StoreText.Read(shared)!));
            if (typed.Length > 0 || sources.Count == 0)
                sources.Add(
                    new JournalFolders(typed.Length > 0 ? typed : Directory.Exists("runs") ? ["runs"] : ["."], SweepFolder.LogName));
            var options = new DashboardOptions
            {
                Port = parsed.GetValue(port),
                Host = parsed.GetValue(host)!,
                Token =
                    parsed.GetValue(token) ?? (Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } secret ? secret : null),
                Log = line => Console.Error.WriteLine($"autopeft: {line}"),
            };
            await using DashboardServer server =
                await DashboardServer.StartAsync(options, sources, cancellationToken).ConfigureAwait(false);
            Console.Out.WriteLine(server.Address);
            if (options.Token is not null && !server.Address.IsLoopback)
                await Console.Error.WriteLineAsync("autopeft: the connection is not encrypted; beyond a network that you trust, put a TLS "
                    + "proxy or an ssh tunnel in front.").ConfigureAwait(false);
            try { await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false); }
            // Ctrl-C is how one ends it.
            catch (OperationCanceledException) { }
            return 0;
        });
        return command;
    }
}
