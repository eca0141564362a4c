using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace AutoPeft.Orleans.Endpoints;

/// <summary>Where a silo of a cluster listens for the others.</summary>
public sealed record SiloEndpoint
{
    /// <summary>
    /// The address at which the other silos reach this one. Default: loopback, for a cluster of one machine; nobody outside the machine can
    /// connect.
    /// </summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The TCP port; null (the default) for the first free one from 11111.</summary>
    public int? Port { get; init; }

    /// <summary>
    /// The address that a person named: an address of this machine, a host name that means one, or one of the machine's network interfaces.
    /// </summary>
    /// <param name="text">"10.0.0.7", "node17.cluster", "eth0".</param>
    /// <exception cref="InvalidInputException">This machine has none of these; the message lists what there is.</exception>
    public static IPAddress AddressOf(string text)
    {
        NetworkInterface[] interfaces = NetworkInterface.GetAllNetworkInterfaces();
        if (interfaces.FirstOrDefault(n => n.Name == text) is { } named)
            return Of(named).FirstOrDefault() ?? throw new InvalidInputException($"The network interface {text} has no address.");
        IPAddress[] own = [.. interfaces.SelectMany(Of)];
        if (Resolved(text).FirstOrDefault(a => own.Contains(a) || IPAddress.IsLoopback(a)) is { } address) return address;
        string known = string.Join(", ", interfaces.Where(n => Of(n).Any()).Select(n => $"{n.Name} ({Of(n).First()})"));
        throw new InvalidInputException($"'{text}' is no address and no network interface of this machine; it has {known}.");
    }

    /// <summary>
    /// What a text may mean. A node's own name is often its loopback address too, which no other machine reaches: that comes last.
    /// </summary>
    private static IEnumerable<IPAddress> Resolved(string text)
    {
        try { return Dns.GetHostAddresses(text).OrderBy(IPAddress.IsLoopback).ThenBy(a => a.AddressFamily); }
        catch (Exception e) when (e is SocketException or ArgumentException) { return []; }
    }

    /// <summary>
    /// An interface's addresses, those of version 4 first; link-local ones of version 6, which need a scope, are left out.
    /// </summary>
    private static IEnumerable<IPAddress> Of(NetworkInterface n) =>
        n.GetIPProperties().UnicastAddresses.Select(u => u.Address).Where(a => !a.IsIPv6LinkLocal).OrderBy(a => a.AddressFamily);
}
