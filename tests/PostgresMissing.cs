using Xunit;

namespace AutoPeft.PostgresMissing;

/// <summary>Stands in the report for the tests that need a PostgreSQL server, on a machine without one.</summary>
public sealed class PostgresTests
{
    [Fact(Skip = "PostgreSQL is not installed here (Debian: apt-get install postgresql); the tests that run against a server are left out.")]
    public void Tests_against_a_server_are_left_out() { }
}
