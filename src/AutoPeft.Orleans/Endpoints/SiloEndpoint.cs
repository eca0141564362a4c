using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;

namespace AutoPeft.Orleans.Endpoints;

/// <summary>Where a silo listens.</summary>
public sealed record SiloEndpoint
{
    /// <summary>The address by which other silos and clients reach it. Default: loopback, for a cluster of one machine; nobody outside it can connect.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port for other silos; null (the default) for the first free one from 11111.</summary>
    public int? SiloPort { get; init; }

    /// <summary>Port for clients; null (the default) for the first free one from 30000.</summary>
    public int? GatewayPort { get; init; }
}

internal static class SiloEndpointExtensions
{
    private const int FirstSiloPort = 11111, FirstGatewayPort = 30000;

    public static ISiloBuilder ListenOn(this ISiloBuilder builder, SiloEndpoint endpoint)
    {
        PortReservation silo = PortReservation.Take(endpoint.Address, endpoint.SiloPort, FirstSiloPort), gateway = PortReservation.Take(endpoint.Address, endpoint.GatewayPort, FirstGatewayPort);
        // From factories, so that the silo's services give them back with the silo.
        builder.Services.AddSingleton<IConfigurationValidator>(_ => silo);
        builder.Services.AddSingleton<IConfigurationValidator>(_ => gateway);
        return builder.ConfigureEndpoints(endpoint.Address, silo.Port, gateway.Port);
    }
}
