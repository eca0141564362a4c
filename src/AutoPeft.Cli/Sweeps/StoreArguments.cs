using AutoPeft.Postgres;

namespace AutoPeft.Cli.Sweeps;

/// <summary>A study in a shared store, as typed.</summary>
internal sealed record StoreArguments(StoreAddress Address, string Study, TimeSpan Lease)
{
    public PostgresStoreOptions Options => new() { LeaseTime = Lease, Notice = line => Console.Error.WriteLine($"autopeft: {line}") };

    /// <summary>Where this machine writes what belongs to the study, unless told otherwise.</summary>
    public string Folder => Path.Combine("runs", string.Concat(Study.Select(c => Path.GetInvalidFileNameChars().Contains(c) ? '_' : c)));
}
