using AutoPeft.Orleans.Endpoints;
using AutoPeft.Running;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Hosting;

/// <summary>A silo of the cluster that lives in a PostgreSQL database.</summary>
public sealed record ClusterSiloOptions
{
    /// <summary>Npgsql's connection string of the database that has the cluster's members, and as a rule the studies too.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>The study that the silo serves.</summary>
    public required string Study { get; init; }

    /// <summary>
    /// Opens the study's store, for the grain that decides for the study; it may be on any silo, and the grain disposes the store.
    /// </summary>
    public required Func<CancellationToken, Task<IStudyStore>> OpenStore { get; init; }

    /// <summary>Who decides for the study; the same on every silo.</summary>
    public required Func<StudyDefinition, StudyPolicy> Policy { get; init; }

    /// <summary>
    /// Runs attempts on this process's workers, which the caller disposes, after the silo. Null (the default) for a silo that decides and
    /// runs nothing.
    /// </summary>
    public AttemptRunner? Runner { get; init; }

    /// <summary>Where the silo listens. Default: loopback.</summary>
    public SiloEndpoint Endpoint { get; init; } = new();

    /// <summary>
    /// The certificate by which the cluster's silos know each other, the same on every machine; null (the default) for the one that the
    /// first silo made and the database has.
    /// </summary>
    public SiloCertificate? Certificate { get; init; }

    /// <summary>
    /// How long a silo may be silent until another one takes it for missing a probe. Three missed probes make it dead. Default 2 s: a silo
    /// that was killed is found within 6 to 10 s.
    /// </summary>
    /// <exception cref="InvalidInputException">Not from 0.1 s to a minute.</exception>
    public TimeSpan ProbeTimeout
    {
        get;
        init => field = value >= TimeSpan.FromSeconds(0.1) && value <= TimeSpan.FromMinutes(1) ? value :
            throw new InvalidInputException("Silos are probed every 0.1 to 60 s.");
    } = TimeSpan.FromSeconds(2);

    /// <summary>Told in one line when the silo was declared dead and joins again; null (the default) to tell nobody.</summary>
    public Action<string>? Notice { get; init; }
}
