using System.Net;
using AutoPeft.Dashboard.Sources;
using AutoPeft.Dashboard.Watching;
using AutoPeft.Dashboard.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoPeft.Dashboard;

/// <summary>The dashboard, running: a web server over studies that others run.</summary>
public sealed class DashboardServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StudyWatcher _watcher;
    private readonly LiveEvents _live;
    private readonly TokenGate _token;
    private readonly CancellationTokenSource _ending;

    private DashboardServer(WebApplication app, StudyWatcher watcher, LiveEvents live, TokenGate token, CancellationTokenSource ending,
        Uri address) =>
        (_app, _watcher, _live, _token, _ending, Address) = (app, watcher, live, token, ending, address);

    /// <summary>Address at which a browser finds the dashboard, without the token.</summary>
    public Uri Address { get; }

    /// <summary>Starts the server and listens for browsers.</summary>
    /// <param name="options">Where, and who may look.</param>
    /// <param name="sources">Where studies are found.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="InvalidInputException">A source cannot be read, the port is taken, or the options do not go together.</exception>
    public static async Task<DashboardServer> StartAsync(DashboardOptions options, IReadOnlyList<IStudySource> sources,
        CancellationToken cancellationToken = default)
    {
        IReadOnlyList<IPAddress> addresses = options.Addresses();
        var ending = new CancellationTokenSource();
        var watcher = new StudyWatcher(sources);
        var live = new LiveEvents(options.MaxLive, ending.Token);
        WebApplication? app = null;
        var token = new TokenGate(options.Token);
        try
        {
            await watcher.StartAsync(cancellationToken).ConfigureAwait(false);
            app = Build(options, addresses);
            app.Use((HttpContext context, RequestDelegate next) =>
                new RequestGate(options, addresses.All(IPAddress.IsLoopback)).InvokeAsync(context, () => next(context)));
            app.Use((HttpContext context, RequestDelegate next) => token.InvokeAsync(context, () => next(context)));
            app.UseRouting();
            var reading = new ReadEndpoints(watcher, live);
            reading.Map(app);
            new ChangeEndpoints(reading).Map(app);
            app.MapFallback((HttpContext c) => Answers.ProblemAsync(c, StatusCodes.Status404NotFound, "There is nothing here."));
            await StartAsync(app, options, cancellationToken).ConfigureAwait(false);
            return new DashboardServer(app, watcher, live, token, ending, AddressOf(app, addresses[0]));
        }
        catch
        {
            if (app is not null) await app.DisposeAsync().ConfigureAwait(false);
            await watcher.DisposeAsync().ConfigureAwait(false);
            live.Dispose();
            token.Dispose();
            ending.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Open event streams would hold the server up.
        await _ending.CancelAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        await _watcher.DisposeAsync().ConfigureAwait(false);
        _live.Dispose();
        _token.Dispose();
        _ending.Dispose();
    }

    private static WebApplication Build(DashboardOptions options, IReadOnlyList<IPAddress> addresses)
    {
        // Empty: no settings file or environment variable of the directory that it happens to start in changes where it listens, and
        // nothing logs requests.
        WebApplicationBuilder builder =
            WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBody;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(1);
            var gate = new ConnectionGate(options.MaxUnknown);
            foreach (IPAddress address in addresses)
                kestrel.Listen(address, options.Port, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    listen.Use(next => connection => gate.ServeAsync(connection, next));
                });
        });
        builder.Services.AddRoutingCore();
        builder.Services.Configure<RouteOptions>(
            o => o.SetParameterPolicy<Microsoft.AspNetCore.Routing.Constraints.RegexInlineRouteConstraint>("regex"));
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        return builder.Build();
    }

    private static async Task StartAsync(WebApplication app, DashboardOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new InvalidInputException(
                $"The dashboard cannot listen on {options.Host} port {options.Port}: "
                    + $"{(e.InnerException ?? e).Message.Split('\n')[0].TrimEnd('.')}. Choose another with --port; 0 takes any free one.",
                    e);
        }
    }

    private static Uri AddressOf(WebApplication app, IPAddress first)
    {
        string bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        int port = new Uri(bound.Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        string host = first.Equals(IPAddress.Any) || first.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : first.ToString();
        return new UriBuilder("http", host, port).Uri;
    }
}
