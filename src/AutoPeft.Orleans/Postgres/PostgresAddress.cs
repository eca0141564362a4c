using Npgsql;

namespace AutoPeft.Orleans.Postgres;

/// <summary>Reads the ways in which people write where a database is.</summary>
internal static class PostgresAddress
{
    /// <summary>Npgsql's connection string.</summary>
    /// <exception cref="InvalidInputException">It is none; the message does not repeat it, since a password may be in it.</exception>
    public static string Parse(string store)
    {
        try
        {
            if (!store.StartsWith("postgres://", StringComparison.Ordinal) && !store.StartsWith("postgresql://", StringComparison.Ordinal)) return new NpgsqlConnectionStringBuilder(store).ConnectionString;
            var uri = new Uri(store);
            var builder = new NpgsqlConnectionStringBuilder { Host = uri.Host, Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')) };
            if (!uri.IsDefaultPort && uri.Port > 0) builder.Port = uri.Port;
            string[] user = uri.UserInfo.Split(':', 2);
            if (user[0].Length > 0) builder.Username = Uri.UnescapeDataString(user[0]);
            if (user.Length == 2) builder.Password = Uri.UnescapeDataString(user[1]);
            foreach (string pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                string[] parts = pair.Split('=', 2);
                string value = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "";
                // As libpq has it: a host in the query may be the directory of a socket.
                builder[parts[0] switch { "sslmode" => "SSL Mode", "host" => "Host", "port" => "Port", "user" => "Username", "dbname" => "Database", "application_name" => "Application Name", var other => other }] =
                    parts[0] == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
            }
            return builder.ConnectionString;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException)
        {
            throw new InvalidInputException("--store is no address of a PostgreSQL database; write postgres://user@host/database.", e);
        }
    }

    /// <summary>Host and database, for people.</summary>
    public static string Describe(string connectionString)
    {
        var b = new NpgsqlConnectionStringBuilder(connectionString);
        return $"database {b.Database ?? b.Username ?? "postgres"} on {b.Host ?? "localhost"}:{b.Port}";
    }
}
