using Orleans;
using Orleans.Runtime;

namespace AutoPeft.Orleans.SharedDirectory;

/// <summary>Reminders in a file.</summary>
internal sealed class DirectoryReminderTable(LockedFile<ReminderDocument> file) : IReminderTable
{
    public Task StartAsync(CancellationToken cancellationToken) => file.ReadAsync();

    public async Task<ReminderTableData> ReadRows(GrainId grainId) => Rows((await file.ReadAsync().ConfigureAwait(false)).Reminders.Where(r => r.Grain == grainId.ToString()));

    /// <remarks>A stretch of the ring: begin excluded, end included, around the end where begin is not below it.</remarks>
    public async Task<ReminderTableData> ReadRows(uint begin, uint end) => Rows((await file.ReadAsync().ConfigureAwait(false)).Reminders.Where(r =>
    {
        uint hash = GrainId.Parse(r.Grain).GetUniformHashCode();
        return begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;
    }));

    public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) =>
        (await file.ReadAsync().ConfigureAwait(false)).Find(grainId, reminderName)?.ToEntry();

    public async Task<string?> UpsertRow(ReminderEntry entry)
    {
        string etag = Guid.NewGuid().ToString("N");
        await file.ChangeAsync(d =>
        {
            d.Reminders.RemoveAll(r => r.Grain == entry.GrainId.ToString() && r.Name == entry.ReminderName);
            d.Reminders.Add(new ReminderRow { Grain = entry.GrainId.ToString(), Name = entry.ReminderName, StartAt = entry.StartAt, Period = entry.Period, ETag = etag });
            return true;
        }).ConfigureAwait(false);
        return etag;
    }

    public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag) =>
        file.ChangeAsync(d => d.Reminders.RemoveAll(r => r.Grain == grainId.ToString() && r.Name == reminderName && r.ETag == eTag) > 0);

    public Task TestOnlyClearTable() => file.ChangeAsync(d =>
    {
        d.Reminders.Clear();
        return true;
    });

    private static ReminderTableData Rows(IEnumerable<ReminderRow> rows) => new(rows.Select(r => r.ToEntry()));
}

/// <summary>The file's content.</summary>
internal sealed class ReminderDocument
{
    public List<ReminderRow> Reminders { get; set; } = [];

    public ReminderRow? Find(GrainId grain, string name) => Reminders.Find(r => r.Grain == grain.ToString() && r.Name == name);
}

/// <summary>A reminder.</summary>
internal sealed class ReminderRow
{
    public string Grain { get; set; } = "";
    public string Name { get; set; } = "";
    public DateTime StartAt { get; set; }
    public TimeSpan Period { get; set; }
    public string ETag { get; set; } = "";

    public ReminderEntry ToEntry() => new() { GrainId = GrainId.Parse(Grain), ReminderName = Name, StartAt = StartAt, Period = Period, ETag = ETag };
}
