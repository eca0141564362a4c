using System.Net;
using System.Net.Sockets;
using Orleans.Hosting;

namespace AutoPeft.Orleans.Hosting;

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
    private const int FirstSiloPort = 11111, FirstGatewayPort = 30000, Ports = 1000;

    public static ISiloBuilder ListenOn(this ISiloBuilder builder, SiloEndpoint endpoint) => builder.ConfigureEndpoints(
        endpoint.Address, endpoint.SiloPort ?? FreePort(endpoint.Address, FirstSiloPort), endpoint.GatewayPort ?? FreePort(endpoint.Address, FirstGatewayPort));

    private static int FreePort(IPAddress address, int from)
    {
        for (int port = from; port < from + Ports; port++)
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(address, port));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied) { }
            catch (SocketException e) { throw new InvalidInputException($"A silo cannot listen on {address}: {e.Message}", e); }
        }
        throw new InvalidInputException($"There is no free port from {from} to {from + Ports - 1} on {address}.");
    }
}
