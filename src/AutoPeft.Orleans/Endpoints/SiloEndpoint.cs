using System.Net;
using System.Net.NetworkInformation;

namespace AutoPeft.Orleans.Endpoints;

/// <summary>Where a silo of a cluster listens for the others.</summary>
public sealed record SiloEndpoint
{
    /// <summary>The address at which the other silos reach this one. Default: loopback, for a cluster of one machine; nobody outside the machine can connect.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The TCP port; null (the default) for the first free one from 11111.</summary>
    public int? Port { get; init; }

    /// <summary>The address that a person named: an address of this machine, the name of one of its network interfaces, or a host name that stands for this machine.</summary>
    /// <param name="text">"10.0.0.7", "eth0", "node17".</param>
    /// <exception cref="InvalidInputException">This machine has neither; the message lists what there is.</exception>
    public static IPAddress AddressOf(string text)
    {
        NetworkInterface[] interfaces = NetworkInterface.GetAllNetworkInterfaces();
        if (interfaces.FirstOrDefault(n => n.Name == text) is { } named)
            return Of(named).FirstOrDefault() ?? throw new InvalidInputException($"The network interface {text} has no address.");
        IPAddress[] own = [.. interfaces.SelectMany(Of)];
        if (IPAddress.TryParse(text, out IPAddress? address) && (own.Contains(address) || IPAddress.IsLoopback(address))) return address;
        if (HostAddresses(text).FirstOrDefault(a => own.Contains(a) && !IPAddress.IsLoopback(a)) is { } hosts) return hosts;
        string known = string.Join(", ", interfaces.Where(n => Of(n).Any()).Select(n => $"{n.Name} ({Of(n).First()})"));
        throw new InvalidInputException($"'{text}' is no address and no network interface of this machine; it has {known}.");
    }

    private static IPAddress[] HostAddresses(string name)
    {
        try { return Dns.GetHostAddresses(name); }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or ArgumentException) { return []; }
    }

    /// <summary>An interface's addresses, those of version 4 first; link-local ones of version 6, which need a scope, are left out.</summary>
    private static IEnumerable<IPAddress> Of(NetworkInterface n) => n.GetIPProperties().UnicastAddresses.Select(u => u.Address).Where(a => !a.IsIPv6LinkLocal).OrderBy(a => a.AddressFamily);
}
