using System.Globalization;
using Orleans;
using Orleans.Runtime;

namespace AutoPeft.Orleans.SharedDirectory;

/// <summary>
/// The cluster's members in a file. Any silo may be killed at any moment, the first one too, which Orleans' own clustering for one machine does not survive: there the first silo holds
/// the table in its memory.
/// </summary>
internal sealed class DirectoryMembershipTable(LockedFile<MembershipDocument> file) : IMembershipTable
{
    public Task InitializeMembershipTable(bool tryInitTableVersion) => file.ReadAsync();

    public Task DeleteMembershipTableEntries(string clusterId) => file.ChangeAsync(d =>
    {
        d.Members.Clear();
        return true;
    });

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => file.ChangeAsync(d => d.Members.RemoveAll(m =>
        m.Status == SiloStatus.Dead && (m.IAmAliveTime > m.StartTime ? m.IAmAliveTime : m.StartTime) < beforeDate.UtcDateTime) > 0);

    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        MembershipDocument d = await file.ReadAsync().ConfigureAwait(false);
        return d.Find(key) is { } m ? new MembershipTableData(m.ToRow(), d.TableVersion) : new MembershipTableData(d.TableVersion);
    }

    public async Task<MembershipTableData> ReadAll()
    {
        MembershipDocument d = await file.ReadAsync().ConfigureAwait(false);
        return new MembershipTableData([.. d.Members.Select(m => m.ToRow())], d.TableVersion);
    }

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => file.ChangeAsync(d =>
    {
        if (d.TableVersion.VersionEtag != tableVersion.VersionEtag || d.Find(entry.SiloAddress) is not null) return false;
        d.Members.Add(MemberRow.Of(entry, 1));
        d.Version++;
        return true;
    });

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => file.ChangeAsync(d =>
    {
        if (d.TableVersion.VersionEtag != tableVersion.VersionEtag || d.Find(entry.SiloAddress) is not { } row || row.ETagText != etag) return false;
        d.Members[d.Members.IndexOf(row)] = MemberRow.Of(entry, row.ETag + 1);
        d.Version++;
        return true;
    });

    public Task UpdateIAmAlive(MembershipEntry entry) => file.ChangeAsync(d =>
    {
        if (d.Find(entry.SiloAddress) is not { } row) return false;
        row.IAmAliveTime = entry.IAmAliveTime;
        return true;
    });
}

/// <summary>The file's content.</summary>
internal sealed class MembershipDocument
{
    public int Version { get; set; }

    public List<MemberRow> Members { get; set; } = [];

    internal TableVersion TableVersion => new(Version, Version.ToString(CultureInfo.InvariantCulture));

    public MemberRow? Find(SiloAddress silo) => Members.Find(m => m.Silo == silo.ToParsableString());
}

/// <summary>A silo.</summary>
internal sealed class MemberRow
{
    public string Silo { get; set; } = "";
    public SiloStatus Status { get; set; }
    public List<Suspicion> Suspicions { get; set; } = [];
    public int ProxyPort { get; set; }
    public string HostName { get; set; } = "";
    public string SiloName { get; set; } = "";
    public string? RoleName { get; set; }
    public int UpdateZone { get; set; }
    public int FaultZone { get; set; }
    public DateTime StartTime { get; set; }
    public DateTime IAmAliveTime { get; set; }
    public int ETag { get; set; }

    internal string ETagText => ETag.ToString(CultureInfo.InvariantCulture);

    public static MemberRow Of(MembershipEntry e, int etag) => new()
    {
        Silo = e.SiloAddress.ToParsableString(),
        Status = e.Status,
        Suspicions = [.. (e.SuspectTimes ?? []).Select(s => new Suspicion { By = s.Item1.ToParsableString(), At = s.Item2 })],
        ProxyPort = e.ProxyPort,
        HostName = e.HostName,
        SiloName = e.SiloName,
        RoleName = e.RoleName,
        UpdateZone = e.UpdateZone,
        FaultZone = e.FaultZone,
        StartTime = e.StartTime,
        IAmAliveTime = e.IAmAliveTime,
        ETag = etag,
    };

    public Tuple<MembershipEntry, string> ToRow() => Tuple.Create(new MembershipEntry
    {
        SiloAddress = SiloAddress.FromParsableString(Silo),
        Status = Status,
        SuspectTimes = [.. Suspicions.Select(s => Tuple.Create(SiloAddress.FromParsableString(s.By), s.At))],
        ProxyPort = ProxyPort,
        HostName = HostName,
        SiloName = SiloName,
        RoleName = RoleName,
        UpdateZone = UpdateZone,
        FaultZone = FaultZone,
        StartTime = StartTime,
        IAmAliveTime = IAmAliveTime,
    }, ETagText);
}

/// <summary>A silo's vote that another one is dead.</summary>
internal sealed class Suspicion
{
    public string By { get; set; } = "";
    public DateTime At { get; set; }
}
