using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Postgres;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace AutoPeft.Orleans.Tests.Server;

[Collection(nameof(ServerCollection))]
public sealed class ClusterSiloTests(ServerFixture server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_a_crashed_silo_ran_runs_again_on_the_other_and_every_trial_counts_once(int victim)
    {
        string study = server.NewName("crash");
        var stuck = new TaskCompletionSource();
        var held = new ConcurrentBag<int>();
        HostSetup setup = new(HostSetup.Branin(24), (slot, machine) => new InProcessWorker(new ScriptedRunner(async (trial, _, token) =>
        {
            if (machine == victim && trial.Number >= 4)
            {
                held.Add(trial.Number);
                if (held.Count == 2) stuck.TrySetResult();
                await Task.Delay(Timeout.Infinite, token);
            }
            // The other silo leaves the victim its two trials.
            if (machine != victim) await stuck.Task.WaitAsync(token);
            return HostSetup.BraninOf(trial);
        }), slot))
        { Slots = 4 };
        await using PostgresStore store = await CreateAsync(study, setup);
        await using TwoSilos silos = await TwoSilos.StartAsync(setup, server.Address, study, probe: 1);
        await stuck.Task.WaitAsync(s_patience);
        await silos.Silos[victim].CrashAsync();
        await silos.Silos[1 - victim].Completion.WaitAsync(s_patience);
        List<StudyEvent> log = await ReadAsync(store);
        Study done = Study.Of(log);
        Assert.Equal((24, 24), (done.Completed.Count, log.OfType<TrialCompleted>().Count()));
        Assert.Equal(held.Order(), log.OfType<TrialRequeued>().Select(r => r.Number).Order());
        Assert.All(log.OfType<TrialRequeued>(), r => Assert.False(r.Crashed));
    }

    [SkippableFact]
    public async Task A_silo_that_the_others_have_declared_dead_joins_again_by_itself()
    {
        string study = server.NewName("dead");
        ClusterSilo? dead = null;
        HostSetup setup = new(HostSetup.Branin(60), (slot, _) => new InProcessWorker(new ScriptedRunner(async (trial, _, token) =>
        {
            await Task.Delay(200, token);
            // The study does not end before the silo is back.
            while (trial.Number >= 20 && dead is not { Rejoined: > 0 }) await Task.Delay(50, token);
            return HostSetup.BraninOf(trial);
        }), slot));
        await using PostgresStore store = await CreateAsync(study, setup);
        await using TwoSilos silos = await TwoSilos.StartAsync(setup, server.Address, study, probe: 1);
        ClusterSilo silo = silos.Silos[1];
        dead = silo;
        string before = silo.Address!.ToParsableString();
        // 6 is a dead silo.
        await server.Process.SqlAsync($"""
            update autopeft_silos set status = 6 where port = {silo.Address.Endpoint.Port} and generation = {silo.Address.Generation};
            update autopeft_cluster set version = version + 1 where deploymentid like '%/{study}'
            """);
        await silos.Completion.WaitAsync(s_patience);
        Assert.Equal(1, silo.Rejoined);
        Assert.NotEqual(before, silo.Address!.ToParsableString());
        List<StudyEvent> log = await ReadAsync(store);
        Assert.Equal((60, 60), (Study.Of(log).Completed.Count, log.OfType<TrialCompleted>().Count()));
        // It took part again.
        Assert.Contains(log.OfType<TrialStarted>(), s => s.Worker.StartsWith(silo.Address.ToParsableString(), StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_silo_joins_a_cluster_whose_members_were_all_killed()
    {
        string study = server.NewName("all killed");
        HostSetup setup = new(HostSetup.Branin(5), (slot, _) =>
            new ScriptedWorker(slot, t => new AttemptEnd.CompletedEnd(HostSetup.BraninOf(t))));
        await using PostgresStore store = await CreateAsync(study, setup);
        await using (TwoSilos first = await TwoSilos.StartAsync(setup, server.Address, study)) await first.Completion.WaitAsync(s_patience);
        // A member that answers nobody and gave its last sign of life a while ago.
        await server.Process.SqlAsync($"""
            insert into autopeft_silos
            select deploymentid, '127.0.0.1', 9, 12345678, 'gone', 'gone', 3, 0, '', now() - interval '1 hour',
                now() - interval '11 seconds'
            from autopeft_cluster where deploymentid like '%/{study}';
            update autopeft_cluster set version = version + 1 where deploymentid like '%/{study}'
            """);
        await using ClusterSilo late = await TwoSilos.StartOneAsync(setup, server.Address, study, 1, 0).WaitAsync(s_patience);
        await late.Completion.WaitAsync(s_patience);
        Assert.Equal("6",
            await server.Process.SqlAsync($"select status from autopeft_silos where port = 9 and deploymentid like '%/{study}'"));
    }

    [SkippableFact]
    public async Task A_silo_on_which_no_worker_lives_leaves_and_the_other_finishes_the_study()
    {
        string study = server.NewName("broken");
        var left = new TaskCompletionSource();
        HostSetup setup = new(HostSetup.Branin(40), (slot, machine) => machine == 1
            ? new ScriptedWorker(slot, _ => new AttemptEnd.LostEnd("its library does not load"))
            : new InProcessWorker(new ScriptedRunner(async (trial, _, token) =>
            {
                await left.Task.WaitAsync(token);
                return HostSetup.BraninOf(trial);
            }), slot))
        { Slots = 4 };
        await using PostgresStore store = await CreateAsync(study, setup);
        await using TwoSilos silos = await TwoSilos.StartAsync(setup, server.Address, study);
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(() => silos.Silos[1].Completion.WaitAsync(s_patience));
        Assert.Contains("its library does not load", e.Message, StringComparison.Ordinal);
        left.SetResult();
        await silos.Silos[0].Completion.WaitAsync(s_patience);
        Study done = Study.Of(await ReadAsync(store));
        Assert.InRange(done.Completed.Count, 37, 40);
        Assert.Equal(0, done.PendingCount);
    }

    [SkippableFact]
    public async Task Trials_are_seen_and_stopped_on_whichever_silo_they_run_and_a_stopped_study_goes_on_when_it_is_let()
    {
        string study = server.NewName("stopped");
        var running = new TaskCompletionSource();
        int inside = 0, life = 1;
        HostSetup setup = new(HostSetup.Branin(6), (slot, _) => new InProcessWorker(new ScriptedRunner(async (trial, reporter, token) =>
        {
            if (Volatile.Read(ref life) > 1) return HostSetup.BraninOf(trial);
            await reporter.ReportAsync(1, new Dictionary<string, double> { ["loss"] = trial.Number }, token);
            if (Interlocked.Increment(ref inside) == 2) running.SetResult();
            await Task.Delay(Timeout.Infinite, token);
            return HostSetup.BraninOf(trial);
        }), slot));
        await using PostgresStore store = await CreateAsync(study, setup);
        await using TwoSilos silos = await TwoSilos.StartAsync(setup, server.Address, study);
        await running.Task.WaitAsync(s_patience);
        IGrainFactory grains = silos.Silos[0].Services!.GetRequiredService<IGrainFactory>();
        for (int n = 0; n < 2; n++)
        {
            TrialProgress? progress = await grains.GetGrain<ITrialGrain>(n, study).GetAsync();
            Assert.Equal((new AttemptId(n, 1), (long?)1, (double)n), (progress!.Id, progress.Step, progress.Metrics["loss"]));
        }
        Assert.Null(await grains.GetGrain<ITrialGrain>(5, study).GetAsync());
        IStudyGrain grain = grains.GetGrain<IStudyGrain>(study);
        await grain.StopAsync("lunch");
        StudyStatus status = await grain.StatusAsync();
        Assert.Equal((true, 0, 2), (status.IsHeld, status.Running, status.Waiting));
        Interlocked.Increment(ref life);
        await grain.ResumeAsync();
        await silos.Completion.WaitAsync(s_patience);
        Study done = Study.Of(await ReadAsync(store));
        Assert.Equal((6, 2, 0), (done.Completed.Count, done.Trials[0].Attempt, done.Trials[0].Crashes));
    }

    [SkippableFact]
    public async Task A_silo_talks_only_to_who_has_the_certificates_key_be_it_the_clusters_own_or_one_from_a_file()
    {
        string study = server.NewName("tls"), file = Path.Combine(server.Process.Directory, "silos.pem");
        using X509Certificate2 own = SelfSigned(), strangers = SelfSigned();
        await File.WriteAllTextAsync(file, own.ExportCertificatePem() + "\n" + own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        TaskCompletionSource[] began = [new(), new()];
        HostSetup setup = new(HostSetup.Branin(12), (slot, machine) => new InProcessWorker(new ScriptedRunner(async (trial, _, token) =>
        {
            began[machine].TrySetResult();
            await began[1 - machine].Task.WaitAsync(token);
            return HostSetup.BraninOf(trial);
        }), slot));
        await using PostgresStore store = await CreateAsync(study, setup);
        await using TwoSilos silos = await TwoSilos.StartAsync(setup, server.Address, study, SiloCertificate.Load(file));
        IPEndPoint silo = silos.Silos[0].Address!.Endpoint;
        Assert.True(await AnswersAsync(silo, own));
        Assert.False(await AnswersAsync(silo, strangers));
        Assert.False(await AnswersAsync(silo, null));
        await silos.Completion.WaitAsync(s_patience);
        List<StudyEvent> log = await ReadAsync(store);
        Assert.Equal(12, Study.Of(log).Completed.Count);
        // Both silos took part, one of them over the network.
        Assert.Equal(2, log.OfType<TrialStarted>().Select(s => s.Worker.Split('/')[0]).Distinct().Count());

        string other = server.NewName("tls");
        await using PostgresStore otherStore = await CreateAsync(other, setup);
        await using TwoSilos withTheClusters = await TwoSilos.StartAsync(setup, server.Address, other);
        Assert.False(await AnswersAsync(withTheClusters.Silos[0].Address!.Endpoint, own));
        await withTheClusters.Completion.WaitAsync(s_patience);
    }

    [SkippableTheory]
    [InlineData("nobody's", "no address and no network interface")]
    [InlineData("203.0.113.7", "no address and no network interface")]
    public void An_address_that_this_machine_does_not_have_is_refused_with_what_there_is(string text, string says)
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => SiloEndpoint.AddressOf(text));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.Contains("lo (127.0.0.1)", e.Message, StringComparison.Ordinal);
        Assert.Equal(IPAddress.Loopback, SiloEndpoint.AddressOf("lo"));
        Assert.Equal(IPAddress.Loopback, SiloEndpoint.AddressOf("127.0.0.1"));
    }

    /// <summary>Whether a silo says a word to a peer with this certificate, or with none.</summary>
    private static async Task<bool> AnswersAsync(IPEndPoint silo, X509Certificate2? certificate)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(silo);
        using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            { TargetHost = "autopeft", ClientCertificates = certificate is null ? [] : [certificate] });
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            return await tls.ReadAsync(new byte[1], patience.Token) == 1;
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException) { return false; }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest("CN=silos", key,
            HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    private async Task<PostgresStore> CreateAsync(string study, HostSetup setup)
    {
        PostgresStore store = await PostgresStore.CreateAsync(server.Address, study);
        Assert.True(await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, setup.Definition)], default));
        return store;
    }

    private static async Task<List<StudyEvent>> ReadAsync(PostgresStore store)
    {
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) log.Add(e);
        return log;
    }
}
