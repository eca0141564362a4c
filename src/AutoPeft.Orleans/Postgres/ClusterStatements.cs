namespace AutoPeft.Orleans.Postgres;

/// <summary>
/// Our tables, and the statements by which Orleans' clustering provider uses them. The provider knows a statement by its key, fills in parameters by name and reads columns by name; what is between is ours.
/// Each is a single statement, so that it happens wholly or not at all.
/// </summary>
internal static class ClusterStatements
{
    private const string Silo = "deploymentid = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation";

    private const string Member = "v.deploymentid, m.address, m.port, m.generation, m.siloname, m.hostname, m.status, m.proxyport, m.suspecttimes, m.starttime, m.iamalivetime, v.version";

    // The membership's version is the lock: whoever raises it from the number that was read may change a row, and everybody else reads again.
    private const string Raise = "UPDATE autopeft_cluster SET version = version + 1 WHERE deploymentid = @DeploymentId AND version = @Version";

    public const string Tables = """
        CREATE TABLE orleansquery (querykey text PRIMARY KEY, querytext text NOT NULL);
        CREATE TABLE autopeft_cluster (deploymentid text PRIMARY KEY, version integer NOT NULL);
        CREATE TABLE autopeft_silos (
            deploymentid text NOT NULL REFERENCES autopeft_cluster, address text, port integer, generation integer,
            siloname text NOT NULL, hostname text NOT NULL, status integer NOT NULL, proxyport integer, suspecttimes text,
            starttime timestamptz NOT NULL, iamalivetime timestamptz NOT NULL,
            PRIMARY KEY (deploymentid, address, port, generation));
        """;

    /// <summary>Declares a cluster's silent silos dead (status 6) and raises the membership's version, under the lock of its row, which every other change of the membership takes too.</summary>
    public const string Bury = """
        WITH locked AS (SELECT deploymentid FROM autopeft_cluster WHERE deploymentid = $1 FOR UPDATE),
             dead AS (UPDATE autopeft_silos s SET status = 6 FROM locked WHERE s.deploymentid = locked.deploymentid AND s.status <> 6 AND s.iamalivetime < clock_timestamp() - $2 RETURNING 1),
             raised AS (UPDATE autopeft_cluster SET version = version + 1 WHERE deploymentid = $1 AND EXISTS (SELECT FROM dead) RETURNING 1)
        SELECT count(*)::integer FROM dead
        """;

    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["InsertMembershipVersionKey"] = "WITH made AS (INSERT INTO autopeft_cluster VALUES (@DeploymentId, 0) ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*)::integer FROM made",
        ["InsertMembershipKey"] = $"""
            WITH raised AS ({Raise} AND NOT EXISTS (SELECT 1 FROM autopeft_silos WHERE {Silo}) RETURNING 1),
                 made AS (INSERT INTO autopeft_silos (deploymentid, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
                          SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, clock_timestamp() FROM raised RETURNING 1)
            SELECT count(*)::integer FROM made
            """,
        ["UpdateMembershipKey"] = $"""
            WITH raised AS ({Raise} AND EXISTS (SELECT 1 FROM autopeft_silos WHERE {Silo}) RETURNING 1),
                 changed AS (UPDATE autopeft_silos SET status = @Status, suspecttimes = @SuspectTimes, iamalivetime = @IAmAliveTime WHERE {Silo} AND EXISTS (SELECT 1 FROM raised) RETURNING 1)
            SELECT count(*)::integer FROM changed
            """,
        ["UpdateIAmAlivetimeKey"] = $"UPDATE autopeft_silos SET iamalivetime = clock_timestamp() WHERE {Silo}",
        ["MembershipReadRowKey"] = $"""
            SELECT {Member} FROM autopeft_cluster v LEFT JOIN autopeft_silos m ON m.deploymentid = v.deploymentid AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
            WHERE v.deploymentid = @DeploymentId
            """,
        ["MembershipReadAllKey"] = $"SELECT {Member} FROM autopeft_cluster v LEFT JOIN autopeft_silos m ON m.deploymentid = v.deploymentid WHERE v.deploymentid = @DeploymentId",
        ["GatewaysQueryKey"] = "SELECT address, proxyport, generation FROM autopeft_silos WHERE deploymentid = @DeploymentId AND status = @Status AND proxyport > 0",
        ["DeleteMembershipTableEntriesKey"] = "WITH silos AS (DELETE FROM autopeft_silos WHERE deploymentid = @DeploymentId) UPDATE autopeft_cluster SET version = version + 1 WHERE deploymentid = @DeploymentId",
        // 3 is an active silo: that it did not write its time says nothing about it.
        ["CleanupDefunctSiloEntriesKey"] = "DELETE FROM autopeft_silos WHERE deploymentid = @DeploymentId AND iamalivetime < @IAmAliveTime AND status <> 3",
    };
}
