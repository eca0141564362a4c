using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AutoPeft.Orleans.Hosting;

/// <summary>
/// One silo in this process, with no more around it than it needs: no configuration files, no signal handlers, warnings and errors to
/// standard error.
/// </summary>
internal sealed class SiloHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly IHost _host;
    private readonly FatalErrors _fatal = new();

    private SiloHost(Action<HostApplicationBuilder> services, Action<ISiloBuilder> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter(nameof(Orleans), LogLevel.Critical)
            // What a start fails with is thrown too.
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        builder.Services.AddSingleton<ILoggerProvider, LineLoggerProvider>();
        services(builder);
        builder.UseOrleans(silo =>
        {
            configure(silo);
            silo.Services.AddSingleton<IFatalErrorHandler>(_fatal);
        });
        // Signals are the program's business.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _host = builder.Build();
    }

    /// <summary>Starts a silo.</summary>
    public static async Task<SiloHost> StartAsync(Action<HostApplicationBuilder> services, Action<ISiloBuilder> configure,
        CancellationToken cancellationToken)
    {
        var silo = new SiloHost(services, configure);
        try
        {
            await silo._host.StartAsync(cancellationToken).ConfigureAwait(false);
            return silo;
        }
        catch (Exception e)
        {
            silo._host.Dispose();
            // Orleans has an exception of its own for a start that was cancelled.
            if (cancellationToken.IsCancellationRequested && e is not OperationCanceledException)
                throw new OperationCanceledException("The silo was stopped while it started.", e, cancellationToken);
            throw;
        }
    }

    public SlotPump Pump => _host.Services.GetRequiredService<SlotPump>();

    public IServiceProvider Services => _host.Services;

    public SiloAddress Address => _host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    /// <summary>Ends when the silo cannot go on, with the reason: as a rule, the others have declared it dead.</summary>
    public Task<string> Fatal => _fatal.Happened;

    /// <summary>Stops the silo at once, without a farewell: it is no member any more.</summary>
    public async Task AbandonAsync()
    {
        await Pump.AbandonAsync().ConfigureAwait(false);
        try { await _host.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false); }
        catch (Exception) { /* Whatever it says on its way out, it is gone. */ }
        await DisposeHostAsync().ConfigureAwait(false);
    }

    /// <summary>Stops the attempts, puts their trials back and leaves the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try { await _host.StopAsync(patience.Token).ConfigureAwait(false); }
        catch (OperationCanceledException) { /* The others find out that it is gone. */ }
        await DisposeHostAsync().ConfigureAwait(false);
    }

    private async ValueTask DisposeHostAsync()
    {
        if (_host is IAsyncDisposable disposable) await disposable.DisposeAsync().ConfigureAwait(false);
        else _host.Dispose();
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Orleans' own handler ends the process; here the process is the program's, which starts a fresh silo.</summary>
    private sealed class FatalErrors : IFatalErrorHandler
    {
        private readonly TaskCompletionSource<string> _happened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Happened => _happened.Task;

        public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

        public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
            _happened.TrySetResult((context ?? exception?.Message ?? "the silo cannot go on").Split('\n')[0]);
    }
}
