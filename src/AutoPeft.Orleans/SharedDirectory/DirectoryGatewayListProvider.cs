using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace AutoPeft.Orleans.SharedDirectory;

/// <summary>Tells a client the silos that it can talk to.</summary>
internal sealed class DirectoryGatewayListProvider(LockedFile<MembershipDocument> file, IOptions<GatewayOptions> options) : IGatewayListProvider
{
    public TimeSpan MaxStaleness => options.Value.GatewayListRefreshPeriod;

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    public async Task<IList<Uri>> GetGateways()
    {
        MembershipDocument d = await file.ReadAsync().ConfigureAwait(false);
        return [.. d.Members.Where(m => m.Status == SiloStatus.Active && m.ProxyPort > 0).Select(m =>
        {
            SiloAddress silo = SiloAddress.FromParsableString(m.Silo);
            return SiloAddress.New(new IPEndPoint(silo.Endpoint.Address, m.ProxyPort), silo.Generation).ToGatewayUri();
        })];
    }
}
