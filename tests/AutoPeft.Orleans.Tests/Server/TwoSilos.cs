using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Postgres;
using AutoPeft.Running;
using AutoPeft.TestKit;

namespace AutoPeft.Orleans.Tests.Server;

/// <summary>Two silos of a cluster in this process, as two machines would be: stores, sessions and workers of their own.</summary>
internal sealed class TwoSilos : RunningHost
{
    private TwoSilos(IReadOnlyList<ClusterSilo> silos)
    {
        Silos = silos;
        Completion = Task.WhenAll(silos.Select(s => s.Completion));
    }

    public IReadOnlyList<ClusterSilo> Silos { get; }

    public override Task Completion { get; }

    public override string? EndedBecause => Silos.Select(s => s.EndedBecause).FirstOrDefault(r => r is not null);

    public static async Task<TwoSilos> StartAsync(HostSetup setup, StoreAddress address, string study, SiloCertificate? certificate = null,
        double probe = 2)
    {
        // The first machine has the odd slot; with one slot the second only decides, if the study's grain comes to it.
        int[] slots = [(setup.Slots + 1) / 2, setup.Slots / 2];
        return new TwoSilos(await Task.WhenAll(slots.Select((n, machine) =>
            StartOneAsync(setup, address, study, n, machine, certificate, probe))));
    }

    public static Task<ClusterSilo> StartOneAsync(HostSetup setup, StoreAddress address, string study, int slots, int machine,
        SiloCertificate? certificate = null, double probe = 2) => ClusterSilo.StartAsync(new ClusterSiloOptions
        {
            ConnectionString = address.ConnectionString,
            Study = study,
            OpenStore = async token => await PostgresStore.OpenAsync(address, study, cancellationToken: token),
            Policy = setup.Policy,
            Runner = slots == 0 ? null : new AttemptRunner([.. DeviceSlot.Cpu(slots).Select(d => setup.Worker(d, machine))], setup.Options),
            Certificate = certificate,
            ProbeTimeout = TimeSpan.FromSeconds(probe),
        });

    public override async ValueTask DisposeAsync()
    {
        foreach (ClusterSilo silo in Silos) await silo.DisposeAsync();
    }
}
