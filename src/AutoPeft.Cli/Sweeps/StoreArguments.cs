using AutoPeft.Orleans.Endpoints;
using AutoPeft.Postgres;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A study in a shared store, as typed.</summary>
internal sealed record StoreArguments(StoreAddress Address, string Study)
{
    /// <summary>Where this machine's silo listens for the other machines'. Default: loopback.</summary>
    public SiloEndpoint Endpoint { get; init; } = new();

    /// <summary>The certificate that all silos of the study have; null for connections without TLS.</summary>
    public SiloCertificate? Certificate { get; init; }

    public PostgresStoreOptions Options { get; } = new() { Notice = line => Console.Error.WriteLine($"autopeft: {line}") };

    /// <summary>
    /// Where this machine writes what belongs to the study, unless told otherwise: apart from local sweeps, and from studies of that name
    /// in other databases.
    /// </summary>
    public string Folder => Path.Combine("runs", "stores", FileNames.Of(Address.Database), FileNames.Of(Study));
}
