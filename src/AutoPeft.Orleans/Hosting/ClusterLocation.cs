using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Postgres;
using AutoPeft.Orleans.SharedDirectory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Hosting;

/// <summary>Where a cluster keeps its members, reminders and studies: a directory, or a PostgreSQL database. It makes silos and clients of that cluster.</summary>
public sealed class ClusterLocation
{
    private const string ServiceName = "autopeft";

    private readonly string? _directory;
    private readonly string? _connectionString;
    private readonly string _cluster;

    private ClusterLocation(string? directory, string? connectionString, string cluster) => (_directory, _connectionString, _cluster) = (directory, connectionString, cluster);

    /// <summary>Where the clusters of this machine's user are unless stated.</summary>
    public static string DefaultDirectory => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "autopeft", "cluster");

    /// <summary>A cluster in a directory: for one machine, or for machines that share the disk.</summary>
    public static ClusterLocation InDirectory(string directory) => new(directory, null, ServiceName);

    /// <summary>A cluster in a PostgreSQL database.</summary>
    /// <param name="store">"postgres://user@host/database", or a connection string of Npgsql. The password may come from it, from PGPASSWORD or from the passfile.</param>
    /// <param name="cluster">Several clusters may live in one database, each with a name of its own.</param>
    /// <exception cref="InvalidInputException">It is no connection string.</exception>
    public static ClusterLocation InPostgres(string store, string cluster = ServiceName) => new(null, PostgresAddress.Parse(store), cluster);

    /// <summary>For people; without a password.</summary>
    public override string ToString() => _directory ?? PostgresAddress.Describe(_connectionString!);

    /// <summary>A silo of this cluster that runs trials, not started yet.</summary>
    /// <exception cref="InvalidInputException">The directory cannot be made, or the database does not answer or lacks Orleans' tables.</exception>
    public async Task<IHost> BuildSiloAsync(SiloEndpoint endpoint, Action<AutoPeftSiloOptions> configure, CancellationToken cancellationToken = default)
    {
        if (_connectionString is not null) await OrleansTables.EnsureAsync(_connectionString, cancellationToken).ConfigureAwait(false);
        HostApplicationBuilder builder = Quiet();
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (_cluster, ServiceName));
            // A silo that was killed is found after some 6 s of silence rather than half a minute; a trial's silo that is only busy answers within that.
            silo.Configure<ClusterMembershipOptions>(o => (o.ProbeTimeout, o.NumMissedProbesLimit, o.IAmAliveTablePublishTimeout, o.TableRefreshTimeout) =
                (TimeSpan.FromSeconds(2), 3, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)));
            if (_directory is not null) silo.UseAutoPeftDirectory(_directory, endpoint);
            else silo.UseAutoPeftPostgres(_connectionString!, endpoint);
            silo.AddAutoPeft(configure);
        });
        return builder.Build();
    }

    /// <summary>A client of this cluster, connected.</summary>
    /// <exception cref="InvalidInputException">No silo answers.</exception>
    public async Task<IHost> ConnectAsync(CancellationToken cancellationToken = default)
    {
        if (_connectionString is not null) await OrleansTables.EnsureAsync(_connectionString, cancellationToken).ConfigureAwait(false);
        HostApplicationBuilder builder = Quiet();
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (_cluster, ServiceName));
            client.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
            if (_directory is not null) client.UseAutoPeftDirectory(_directory);
            else client.UseAutoPeftPostgres(_connectionString!);
        });
        IHost host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
            return host;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            host.Dispose();
            throw new InvalidInputException($"No silo of the cluster in {this} answers; start one with `autopeft silo`.", e);
        }
    }

    /// <summary>Warnings to standard error; what is worth saying beside that the command says.</summary>
    private static HostApplicationBuilder Quiet()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddFilter("Orleans", LogLevel.Error).AddFilter("AutoPeft", LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.AddSingleton<ILoggerProvider, LineLoggerProvider>();
        return builder;
    }
}
