using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace AutoPeft.Orleans.Endpoints;

/// <summary>
/// A transport that nobody can connect through: a silo that uses it opens no socket. For a silo that is a cluster of its own; calls within
/// a silo use no transport.
/// </summary>
internal sealed class ClosedTransport : IConnectionListenerFactory, IConnectionListener
{
    private readonly CancellationTokenSource _closed = new();

    public EndPoint EndPoint { get; private set; } = null!;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        EndPoint = endpoint;
        return new(this);
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token, cancellationToken);
        try { await Task.Delay(Timeout.Infinite, ended.Token).ConfigureAwait(false); }
        catch (OperationCanceledException) { }
        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => new(_closed.CancelAsync());

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>Puts this transport in the place of every listener that the silo has.</summary>
    public static void Use(ISiloBuilder builder)
    {
        foreach (ServiceDescriptor listener in builder.Services.Where(s =>
            s.ServiceType == typeof(IConnectionListenerFactory) && s.IsKeyedService).ToArray())
        {
            builder.Services.Remove(listener);
            builder.Services.AddKeyedSingleton<IConnectionListenerFactory>(listener.ServiceKey, (_, _) => new ClosedTransport());
        }
    }
}
