using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Postgres.Tests.Server;

[Collection(nameof(ServerCollection))]
public sealed class PostgresStoreContractTests(ServerFixture server) : StudyStoreContract
{
    private readonly string _name = server.NewName("näme with 'quotes'; drop table");

    protected override async Task<IStudyStore> CreateStoreAsync() => await PostgresStore.CreateAsync(server.Address, _name);

    protected override async Task<IStudyStore> OpenAgainAsync() => await PostgresStore.OpenAsync(server.Address, _name);
}
