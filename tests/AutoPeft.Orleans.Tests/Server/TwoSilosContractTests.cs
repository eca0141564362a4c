using AutoPeft.Postgres;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Orleans.Tests.Server;

[Collection(nameof(ServerCollection))]
public sealed class TwoSilosContractTests(ServerFixture server) : HostContract
{
    private string _study = "";

    protected override int Machines => 2;

    // Before any test begins: what a test awaits would not come, and what it expects to be thrown is another exception.
    public override async Task InitializeAsync()
    {
        try { _ = server.Process; }
        catch (SkipException)
        {
            await DisposeAsync();
            throw;
        }
    }

    protected override async Task<IStudyStore> CreateStoreAsync() =>
        await PostgresStore.CreateAsync(server.Address, _study = server.NewName("contract"));

    protected override async Task<RunningHost> StartAsync(HostSetup setup, IStudyStore store) =>
        await TwoSilos.StartAsync(setup, server.Address, ((PostgresStore)store).Name);
}
