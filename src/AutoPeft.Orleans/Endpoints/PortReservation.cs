using System.Net;
using System.Net.Sockets;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Endpoints;

/// <summary>
/// A port that this silo alone listens on. The system lets two silos listen on one port, since both ask to reuse it, and two that start in
/// the same second would then be one silo in everybody's eyes. So a silo holds a lock on its ports as long as it lives; the lock outlives
/// no process.
/// </summary>
internal sealed class PortReservation : IConfigurationValidator, IDisposable
{
    private const int First = 11111, Ports = 1000;

    private readonly JournalLock _lock;

    private PortReservation(int port, JournalLock held) => (Port, _lock) = (port, held);

    public int Port { get; }

    /// <param name="address">Where.</param>
    /// <param name="port">Which; null for the first free one from 11111.</param>
    /// <exception cref="InvalidInputException">It is in use, or no port is free.</exception>
    public static PortReservation Take(IPAddress address, int? port)
    {
        if (port is { } wanted) return TryTake(address, wanted) ??
            throw new InvalidInputException($"Port {wanted} on {address} is in use; choose another one.");
        for (int candidate = First; candidate < First + Ports; candidate++)
            if (TryTake(address, candidate) is { } taken) return taken;
        throw new InvalidInputException($"There is no free port from {First} to {First + Ports - 1} on {address}.");
    }

    public void ValidateConfiguration() { }

    public void Dispose() => _lock.Dispose();

    private static PortReservation? TryTake(IPAddress address, int port)
    {
        JournalLock? held;
        try { held = JournalLock.TryTake(Path.Combine(Path.GetTempPath(), $"autopeft-port-{port}.lock")); }
        // Another user's.
        catch (InvalidInputException) { return null; }
        if (held is null) return null;
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(address, port));
            return new PortReservation(port, held);
        }
        catch (SocketException e)
        {
            held.Dispose();
            return e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied ? null :
                throw new InvalidInputException($"A silo cannot listen on {address}: {e.Message}", e);
        }
    }
}
