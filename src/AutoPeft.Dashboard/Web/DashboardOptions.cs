using System.Net;
using System.Net.Sockets;

namespace AutoPeft.Dashboard.Web;

/// <summary>Where the dashboard listens and who may look.</summary>
public sealed record DashboardOptions
{
    /// <summary>The port that is used unless another is named: free of registered services on most machines.</summary>
    public const int DefaultPort = 8470;

    /// <summary>Default <see cref="DefaultPort"/>; 0 for any free one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>
    /// A name or address of this machine. Default the loopback address: studies hold paths, names and errors that are nobody else's
    /// business.
    /// </summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The shortest token that is taken, in characters: short ones can be guessed, whatever a guess costs.</summary>
    public const int ShortestToken = 16;

    /// <summary>
    /// Secret that a browser must send to see the dashboard, at least <see cref="ShortestToken"/> characters; null, the default, is
    /// allowed on loopback alone.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Largest request body in bytes. Default 256 KiB: a configuration of some thousand parameters.</summary>
    public long MaxBody { get; init; } = 256 * 1024;

    /// <summary>Pages that may be followed live at once. Default 100.</summary>
    public int MaxLive { get; init; } = 100;

    /// <summary>
    /// Connections that may be open at once without having been let in: those that have sent no whole request yet, or no token. Default
    /// 500; past it the oldest is ended, so that nobody is kept out by connections that say nothing.
    /// </summary>
    public int MaxUnknown { get; init; } = 500;

    /// <summary>Where a line goes when the server itself fails; null for nowhere. No request's content is ever written.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>The addresses to listen on.</summary>
    /// <exception cref="InvalidInputException">The host is not known, the port is out of range, or others could look without a
    /// token.</exception>
    internal IReadOnlyList<IPAddress> Addresses()
    {
        if (Port is < 0 or > 65535) throw new InvalidInputException($"--port takes a number from 0 to 65535, not {Port}.");
        if (Token is not null && string.IsNullOrWhiteSpace(Token))
            throw new InvalidInputException("--token is empty; give a long random text, such as `openssl rand -hex 16` prints.");
        if (Token is { Length: < ShortestToken })
            throw new InvalidInputException($"--token is too short to keep anybody out: it takes {ShortestToken} characters or more, such "
                + $"as `openssl rand -hex 16` prints.");
        IReadOnlyList<IPAddress> addresses = Resolve();
        if (Token is null && !addresses.All(IPAddress.IsLoopback))
            throw new InvalidInputException($"--host {Host} lets other machines look, so it needs --token with a secret text; without "
                + $"--host the dashboard listens on this machine alone.");
        return addresses;
    }

    private IPAddress[] Resolve()
    {
        if (Host is "localhost") return [IPAddress.Loopback];
        if (Host is "*" or "+") return [IPAddress.Any];
        if (IPAddress.TryParse(Host.Trim('[', ']'), out IPAddress? address)) return [address];
        try
        {
            IPAddress[] found = Dns.GetHostAddresses(Host);
            if (found.Length > 0) return found;
        }
        catch (Exception e) when (e is SocketException or ArgumentException) { }
        throw new InvalidInputException($"--host {Host}: no such name or address here.");
    }
}
