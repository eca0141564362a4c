using Npgsql;

namespace AutoPeft.Postgres.Tests;

public class StoreAddressTests
{
    private static NpgsqlConnectionStringBuilder Read(string text) => new(StoreAddress.Parse(text).ConnectionString);

    [Fact]
    public void A_url_says_what_libpq_lets_it_say()
    {
        NpgsqlConnectionStringBuilder s = Read("postgresql://us%40er:p%3Aw%25@db.example:6543/stu%20dies?sslmode=verify-full"
            + "&connect_timeout=3&application_name=me&sslrootcert=/ca.pem&passfile=/p");
        Assert.Equal(("us@er", "p:w%", "db.example", 6543, "stu dies"), (s.Username, s.Password, s.Host, s.Port, s.Database));
        Assert.Equal((SslMode.VerifyFull, 3, "me", "/ca.pem", "/p"),
            (s.SslMode, s.Timeout, s.ApplicationName, s.RootCertificate, s.Passfile));
    }

    [Theory]
    [InlineData("postgres://u@h/d", "postgres://u@h/d")]
    [InlineData("postgres://u:secret@h:77/d", "postgres://u@h:77/d")]
    [InlineData("postgres://u@[::1]:77/d", "postgres://u@::1:77/d")]
    [InlineData("postgres://u@/d?host=/run/postgresql", "postgres://u@/d?host=/run/postgresql")]
    [InlineData("Host=h;Username=u;Password=secret;Database=d", "postgres://u@h/d")]
    public void An_address_is_shown_without_its_password(string address, string shown) =>
    Assert.Equal(shown, StoreAddress.Parse(address).ToString());

    [Theory]
    [InlineData("postgres://u:top/secret@h/d", "port")]
    [InlineData("postgres://u:topsecret@h:port/d", "port")]
    [InlineData("postgres://u:top%secret@h/d", "password")]
    [InlineData("postgres://u@h/d?sslmode=topsecret", "sslmode")]
    [InlineData("postgres://u@h/d?password", "password")]
    [InlineData("postgres://u@h/d?colour=topsecret", "colour")]
    [InlineData("postgres://u@h/d?connect_timeout=topsecret", "connect_timeout")]
    [InlineData("Host=h;Port=topsecret", "connection string")]
    [InlineData("Host=h;topsecret", "connection string")]
    [InlineData("Host=h;Password=top;secret", "connection string")]
    [InlineData("somewhere", "neither a URL")]
    [InlineData("postgres://top!secret/d", "no name of a host")]
    [InlineData("postgres://u@top secret/d", "no name of a host")]
    [InlineData("postgres://u@top$secret,h2/d", "no name of a host")]
    [InlineData("postgres://u@topsecret0123456789012345678901234567890123456789012345678901234567890/d", "no name of a host")]
    [InlineData("Host=top%secret;Database=d", "no name of a host")]
    public void A_bad_address_is_one_line_that_says_where_and_keeps_secrets(string address, string says)
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => StoreAddress.Parse(address));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u@h/d", false, "h:5432/d")]
    [InlineData("postgres://u:p@h:77/d", true, "h:77/d")]
    [InlineData("postgres://h/d?password=p", true, "h:5432/d")]
    [InlineData("Host=h;Password=p;Database=d", true, "h:5432/d")]
    [InlineData("Host=/run/postgresql;Username=u;Database=d", false, "/run/postgresql:5432/d")]
    public void An_address_says_whether_it_has_a_password_and_which_database_it_is(string text, bool has, string database)
    {
        StoreAddress address = StoreAddress.Parse(text);
        Assert.Equal((has, database), (address.HasPassword, address.Database));
    }

    [Theory]
    [InlineData("postgres://h/d", true)]
    [InlineData("Host=h", true)]
    [InlineData("runs/branin-0", false)]
    public void Addresses_are_told_from_directories(string text, bool isOne) => Assert.Equal(isOne, StoreAddress.IsOne(text));
}
