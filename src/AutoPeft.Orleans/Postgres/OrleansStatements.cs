namespace AutoPeft.Orleans.Postgres;

/// <summary>
/// Our tables, and the statements by which Orleans' providers use them. A provider knows a statement by its key, fills in parameters by name and reads columns by name; what is between is ours.
/// Each is a single statement, so that it happens wholly or not at all.
/// </summary>
internal static class OrleansStatements
{
    private const string Silo = "deploymentid = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation";

    private const string Member = "v.deploymentid, m.address, m.port, m.generation, m.siloname, m.hostname, m.status, m.proxyport, m.suspecttimes, m.starttime, m.iamalivetime, v.version";

    // The membership's version is the lock: whoever raises it from the number that was read may change a row, and everybody else reads again.
    private const string Raise = "UPDATE autopeft_cluster SET version = version + 1 WHERE deploymentid = @DeploymentId AND version = @Version";

    private const string State = "serviceid = @ServiceId AND graintypestring = @GrainTypeString AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1 AND grainkey = coalesce(@GrainIdExtensionString, '')";

    private const string Reminder = "SELECT grainid, remindername, starttime, period, version FROM autopeft_reminders WHERE serviceid = @ServiceId";

    public const string Tables = """
        CREATE TABLE orleansquery (querykey text PRIMARY KEY, querytext text NOT NULL);
        CREATE TABLE autopeft_cluster (deploymentid text PRIMARY KEY, version integer NOT NULL);
        CREATE TABLE autopeft_silos (
            deploymentid text NOT NULL REFERENCES autopeft_cluster, address text, port integer, generation integer,
            siloname text NOT NULL, hostname text NOT NULL, status integer NOT NULL, proxyport integer, suspecttimes text,
            starttime timestamptz NOT NULL, iamalivetime timestamptz NOT NULL,
            PRIMARY KEY (deploymentid, address, port, generation));
        CREATE TABLE autopeft_grain_state (
            serviceid text, graintypestring text, grainidn0 bigint, grainidn1 bigint, grainkey text,
            payloadbinary bytea, version integer NOT NULL, modified timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (serviceid, graintypestring, grainidn0, grainidn1, grainkey));
        CREATE TABLE autopeft_reminders (
            serviceid text, grainid text, remindername text, starttime timestamptz NOT NULL, period bigint NOT NULL, grainhash integer NOT NULL, version integer NOT NULL,
            PRIMARY KEY (serviceid, grainid, remindername));
        CREATE INDEX autopeft_reminders_ring ON autopeft_reminders (serviceid, grainhash);
        """;

    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["InsertMembershipVersionKey"] = "WITH made AS (INSERT INTO autopeft_cluster VALUES (@DeploymentId, 0) ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*)::integer FROM made",
        ["InsertMembershipKey"] = $"""
            WITH raised AS ({Raise} AND NOT EXISTS (SELECT 1 FROM autopeft_silos WHERE {Silo}) RETURNING 1),
                 made AS (INSERT INTO autopeft_silos (deploymentid, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
                          SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised RETURNING 1)
            SELECT count(*)::integer FROM made
            """,
        ["UpdateMembershipKey"] = $"""
            WITH raised AS ({Raise} AND EXISTS (SELECT 1 FROM autopeft_silos WHERE {Silo}) RETURNING 1),
                 changed AS (UPDATE autopeft_silos SET status = @Status, suspecttimes = @SuspectTimes, iamalivetime = @IAmAliveTime WHERE {Silo} AND EXISTS (SELECT 1 FROM raised) RETURNING 1)
            SELECT count(*)::integer FROM changed
            """,
        ["UpdateIAmAlivetimeKey"] = $"UPDATE autopeft_silos SET iamalivetime = @IAmAliveTime WHERE {Silo}",
        ["MembershipReadRowKey"] = $"""
            SELECT {Member} FROM autopeft_cluster v LEFT JOIN autopeft_silos m ON m.deploymentid = v.deploymentid AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
            WHERE v.deploymentid = @DeploymentId
            """,
        ["MembershipReadAllKey"] = $"SELECT {Member} FROM autopeft_cluster v LEFT JOIN autopeft_silos m ON m.deploymentid = v.deploymentid WHERE v.deploymentid = @DeploymentId",
        ["GatewaysQueryKey"] = "SELECT address, proxyport, generation FROM autopeft_silos WHERE deploymentid = @DeploymentId AND status = @Status AND proxyport > 0",
        ["DeleteMembershipTableEntriesKey"] = "WITH silos AS (DELETE FROM autopeft_silos WHERE deploymentid = @DeploymentId) UPDATE autopeft_cluster SET version = version + 1 WHERE deploymentid = @DeploymentId",
        // 3 is an active silo: that it did not write its time says nothing about it.
        ["CleanupDefunctSiloEntriesKey"] = "DELETE FROM autopeft_silos WHERE deploymentid = @DeploymentId AND iamalivetime < @IAmAliveTime AND status <> 3",

        ["ReadFromStorageKey"] = $"SELECT payloadbinary, modified, version FROM autopeft_grain_state WHERE {State}",
        // No new version in the answer tells the provider that somebody else was first.
        ["WriteToStorageKey"] = $"""
            WITH made AS (INSERT INTO autopeft_grain_state (serviceid, graintypestring, grainidn0, grainidn1, grainkey, payloadbinary, version)
                          SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''), @PayloadBinary, 1 WHERE @GrainStateVersion IS NULL
                          ON CONFLICT DO NOTHING RETURNING version),
                 changed AS (UPDATE autopeft_grain_state SET payloadbinary = @PayloadBinary, version = version + 1, modified = now() WHERE {State} AND version = @GrainStateVersion RETURNING version)
            SELECT coalesce((SELECT version FROM made), (SELECT version FROM changed), @GrainStateVersion) AS newgrainstateversion
            """,
        ["ClearStorageKey"] = $"UPDATE autopeft_grain_state SET payloadbinary = NULL, version = version + 1, modified = now() WHERE {State} AND version = @GrainStateVersion RETURNING version AS newgrainstateversion",

        ["UpsertReminderRowKey"] = """
            INSERT INTO autopeft_reminders VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
            ON CONFLICT (serviceid, grainid, remindername) DO UPDATE
            SET starttime = excluded.starttime, period = excluded.period, grainhash = excluded.grainhash, version = autopeft_reminders.version + 1 RETURNING version
            """,
        ["ReadReminderRowsKey"] = $"{Reminder} AND grainid = @GrainId",
        ["ReadReminderRowKey"] = $"{Reminder} AND grainid = @GrainId AND remindername = @ReminderName",
        ["ReadRangeRows1Key"] = $"{Reminder} AND grainhash > @BeginHash AND grainhash <= @EndHash",
        ["ReadRangeRows2Key"] = $"{Reminder} AND (grainhash > @BeginHash OR grainhash <= @EndHash)",
        ["DeleteReminderRowKey"] = """
            WITH gone AS (DELETE FROM autopeft_reminders WHERE serviceid = @ServiceId AND grainid = @GrainId AND remindername = @ReminderName AND version = @Version RETURNING 1)
            SELECT count(*)::integer FROM gone
            """,
        ["DeleteReminderRowsKey"] = "DELETE FROM autopeft_reminders WHERE serviceid = @ServiceId",
    };
}
