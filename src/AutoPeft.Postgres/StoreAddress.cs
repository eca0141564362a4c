using System.Globalization;
using System.Net;
using Npgsql;

namespace AutoPeft.Postgres;

/// <summary>
/// Where a PostgreSQL store is: a URL as libpq takes them (<c>postgres://user@host:5432/database?sslmode=verify-full</c>), or an Npgsql
/// connection string (<c>Host=…;Database=…</c>). What it leaves out comes from the usual environment (PGHOST, PGPORT, PGDATABASE,
/// PGUSER, PGPASSWORD, PGPASSFILE, PGSSLMODE, PGSSLROOTCERT, …) and the passfile (~/.pgpass). A password is never part of a message, nor
/// of
/// <see cref="ToString"/>.
/// </summary>
public sealed class StoreAddress
{
    private static readonly string[] s_schemes = ["postgres://", "postgresql://"];

    private StoreAddress(NpgsqlConnectionStringBuilder settings)
    {
        NpgsqlConnectionStringBuilder s = Defaulted(settings);
        foreach (string host in s.Host!.Split(',')) Check(host);
        (HasPassword, Database) = (!string.IsNullOrEmpty(settings.Password), $"{s.Host}:{s.Port}/{s.Database}");
        ConnectionString = s.ConnectionString;
    }

    /// <summary>Whether the address itself has a password, which others can then see where they see the address.</summary>
    public bool HasPassword { get; }

    /// <summary>"host:5432/database": which database it is, whoever uses it.</summary>
    public string Database { get; }

    /// <summary>For Npgsql and what builds on Npgsql. It may hold a password: keep it out of messages.</summary>
    public string ConnectionString { get; }

    /// <summary>Whether a text is meant as an address of this kind.</summary>
    public static bool IsOne(string text) =>
        s_schemes.Any(s => text.StartsWith(s, StringComparison.OrdinalIgnoreCase))
            || text.Contains('=', StringComparison.Ordinal) && text.Contains("host", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads the address of a PostgreSQL store from text.</summary>
    /// <exception cref="InvalidInputException">It cannot be understood; the message names the part, and no value that may be a
    /// secret.</exception>
    public static StoreAddress Parse(string text)
    {
        string? scheme = s_schemes.FirstOrDefault(s => text.StartsWith(s, StringComparison.OrdinalIgnoreCase));
        if (scheme is not null) return new StoreAddress(Url(text[scheme.Length..]));
        if (!text.Contains('=', StringComparison.Ordinal))
            throw new InvalidInputException(
                "The store is neither a URL (postgres://user@host/database) nor a connection string (Host=…;Database=…).");
        try
        {
            return new StoreAddress(new NpgsqlConnectionStringBuilder(text));
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException)
        {
            // Npgsql's message may quote a value, and that value may be a password with a semicolon in it.
            throw new InvalidInputException("The store's connection string cannot be read; it is made of KEY=VALUE pairs with semicolons "
                + "between, as Npgsql takes them (Host, Port, Database, Username, SSL Mode, …).");
        }
    }

    /// <summary>"postgres://user@host:5432/database".</summary>
    public override string ToString()
    {
        var s = new NpgsqlConnectionStringBuilder(ConnectionString);
        string host = s.Host!.StartsWith('/') ? "" : s.Host;
        string query = s.Host.StartsWith('/') ? $"?host={s.Host}" + (s.Port == NpgsqlConnection.DefaultPort ? "" : $"&port={s.Port}") : "";
        return $"postgres://{s.Username}@{host}{(query.Length > 0 || s.Port == NpgsqlConnection.DefaultPort
            ? ""
            : $":{s.Port}")}/{s.Database}{query}";
    }

    /// <summary>
    /// A password that stands where the host belongs is not looked up in the network's name service, nor shown in a message.
    /// </summary>
    private static void Check(string host)
    {
        int colon = host.LastIndexOf(':');
        string name = host.Count(c => c == ':') == 1 && colon >= 0 ? host[..colon] : host;
        if (name.StartsWith('/') || name.StartsWith('@') || IPAddress.TryParse(name.Trim('[', ']'), out _)) return;
        if (name.Length is > 0 and <= 253
            && name.Split('.').All(label => label.Length <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))) return;
        throw new InvalidInputException("The store's host is no name of a host; write postgres://user@host/database, and give the "
            + "password in PGPASSWORD or the passfile.");
    }

    private static NpgsqlConnectionStringBuilder Url(string rest)
    {
        var s = new NpgsqlConnectionStringBuilder();
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : rest[(question + 1)..];
        if (question >= 0) rest = rest[..question];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string authority = slash < 0 ? rest : rest[..slash];
        if (slash >= 0 && slash + 1 < rest.Length) s.Database = Decoded(rest[(slash + 1)..], "database");
        int at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            string[] user = authority[..at].Split(':', 2);
            if (user[0].Length > 0) s.Username = Decoded(user[0], "user");
            if (user.Length == 2) s.Password = Decoded(user[1], "password");
            authority = authority[(at + 1)..];
        }
        Host(s, authority);
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            string key = Decoded(parts[0], "query");
            if (parts.Length < 2) throw new InvalidInputException($"The store's URL: '{key}' has no value; write {key}=VALUE.");
            Set(s, key, Decoded(parts[1], key));
        }
        return s;
    }

    private static void Host(NpgsqlConnectionStringBuilder s, string authority)
    {
        if (authority.Length == 0) return;
        if (authority.Contains(',', StringComparison.Ordinal))
        {
            // Npgsql takes several hosts with their ports as they stand.
            s.Host = authority;
            return;
        }
        int close = authority.IndexOf(']', StringComparison.Ordinal), colon = authority.LastIndexOf(':');
        if (colon > close)
        {
            s.Port = Port(authority[(colon + 1)..]);
            authority = authority[..colon];
        }
        if (authority.StartsWith('[') && authority.EndsWith(']')) authority = authority[1..^1];
        if (authority.Length > 0) s.Host = Decoded(authority, "host");
    }

    private static void Set(NpgsqlConnectionStringBuilder s, string key, string value)
    {
        switch (key)
        {
            case "host": s.Host = value; break;
            case "port": s.Port = Port(value); break;
            case "dbname": s.Database = value; break;
            case "user": s.Username = value; break;
            case "password": s.Password = value; break;
            case "passfile": s.Passfile = value; break;
            case "sslmode": s.SslMode = Ssl(value); break;
            case "sslrootcert": s.RootCertificate = value; break;
            case "sslcert": s.SslCertificate = value; break;
            case "sslkey": s.SslKey = value; break;
            case "application_name": s.ApplicationName = value; break;
            case "options": s.Options = value; break;
            case "connect_timeout": s.Timeout = Seconds(value, key); break;
            case "target_session_attrs": s.TargetSessionAttributes = value; break;
            default:
                throw new InvalidInputException($"The store's URL has an unknown part '{key}'; it takes host, port, dbname, user, "
                    + $"password, passfile, sslmode, sslrootcert, sslcert, sslkey, application_name, options, connect_timeout, "
                    + $"target_session_attrs.");
        }
    }

    private static NpgsqlConnectionStringBuilder Defaulted(NpgsqlConnectionStringBuilder s)
    {
        static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } v ? v : null;
        if (string.IsNullOrEmpty(s.Host)) s.Host = Variable("PGHOST") ?? "localhost";
        if (s.Port == NpgsqlConnection.DefaultPort && Variable("PGPORT") is { } port) s.Port = Port(port);
        if (string.IsNullOrEmpty(s.Username)) s.Username = Variable("PGUSER") ?? Environment.UserName;
        if (string.IsNullOrEmpty(s.Database)) s.Database = Variable("PGDATABASE") ?? s.Username;
        if (!s.ContainsKey("SSL Mode") && Variable("PGSSLMODE") is { } ssl) s.SslMode = Ssl(ssl);
        if (!s.ContainsKey("Timeout"))
            s.Timeout = Variable("PGCONNECT_TIMEOUT") is { } timeout ? Seconds(timeout, "PGCONNECT_TIMEOUT") : 10;
        if (string.IsNullOrEmpty(s.ApplicationName)) s.ApplicationName = Variable("PGAPPNAME") ?? "autopeft";
        // A session, its heartbeats and one that waits for news: a server takes 100 connections unless told otherwise, and 30 machines
        // should fit.
        if (!s.ContainsKey("Maximum Pool Size")) s.MaxPoolSize = 3;
        if (!s.ContainsKey("Command Timeout")) s.CommandTimeout = 15;
        // A network that is gone says nothing: ask every few seconds whether the other side is there.
        if (!s.ContainsKey("Tcp Keepalive")) (s.TcpKeepAlive, s.TcpKeepAliveTime, s.TcpKeepAliveInterval) = (true, 5, 2);
        if (!s.ContainsKey("Max Auto Prepare")) s.MaxAutoPrepare = 16;
        s.PersistSecurityInfo = false;
        s.IncludeErrorDetail = false;
        return s;
    }

    private static SslMode Ssl(string value) => value switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "prefer" => SslMode.Prefer,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => throw new InvalidInputException("The store's sslmode is none of disable, allow, prefer, require, verify-ca, verify-full."),
    };

    private static int Port(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and < 65536 ? port
        : throw new InvalidInputException("The store's port is no whole number from 1 to 65535; a password with one of : / @ ? # in it "
            + "has to be percent-encoded in a URL.");

    private static int Seconds(string value, string key) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int s) && s <= 1024
            ? s
            : throw new InvalidInputException($"The store's {key} is no whole number of seconds up to 1024.");

    private static string Decoded(string text, string what)
    {
        for (int i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                throw new InvalidInputException(
                    $"The store's URL: the {what} has a % that no two hex digits follow; write %25 for a percent sign.");
        return Uri.UnescapeDataString(text);
    }
}
