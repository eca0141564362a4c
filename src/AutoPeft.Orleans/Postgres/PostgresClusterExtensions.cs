using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Orleans.Storage;
using Orleans.Hosting;

namespace AutoPeft.Orleans.Postgres;

/// <summary>A cluster whose members, reminders and studies are rows of a PostgreSQL database, through Orleans' own ADO.NET providers.</summary>
public static class PostgresClusterExtensions
{
    private const string Invariant = "Npgsql";

    /// <summary>Makes this silo a member of the cluster that lives in a database. Its tables have to be there: see <see cref="OrleansTables"/>.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="connectionString">Npgsql's.</param>
    /// <param name="endpoint">Where the silo listens. Its address must be one that the other machines reach.</param>
    public static ISiloBuilder UseAutoPeftPostgres(this ISiloBuilder builder, string connectionString, SiloEndpoint endpoint) => builder
        .ListenOn(endpoint)
        .UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (Invariant, connectionString))
        .UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = (Invariant, connectionString))
        .AddAdoNetGrainStorage(StudyStorage.ProviderName, o => (o.Invariant, o.ConnectionString) = (Invariant, connectionString));

    /// <summary>Finds the silos of the cluster that lives in a database.</summary>
    public static IClientBuilder UseAutoPeftPostgres(this IClientBuilder builder, string connectionString) =>
        builder.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (Invariant, connectionString));
}
