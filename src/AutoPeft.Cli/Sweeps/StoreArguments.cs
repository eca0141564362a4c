using AutoPeft.Postgres;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A study in a shared store, as typed.</summary>
internal sealed record StoreArguments(StoreAddress Address, string Study, TimeSpan Lease)
{
    public PostgresStoreOptions Options => new() { LeaseTime = Lease, Notice = line => Console.Error.WriteLine($"autopeft: {line}") };

    /// <summary>Where this machine writes what belongs to the study, unless told otherwise: apart from local sweeps, and from studies of that name in other databases.</summary>
    public string Folder => Path.Combine("runs", "stores", FileNames.Of(Address.Database), FileNames.Of(Study));
}
