using System.Collections.Concurrent;
using System.Net.Sockets;
using AutoPeft.Catalogs;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Orleans.Studies;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoPeft.Orleans.Tests;

/// <summary>AutoPeft in a silo that a person hosts, and what the embedded silo keeps to itself.</summary>
public sealed class OwnSiloTests
{
    [Fact]
    public async Task A_persons_own_silo_serves_its_studies_one_after_another_and_passes_over_one_that_is_held()
    {
        var stores = new ConcurrentDictionary<string, IStudyStore>();
        foreach (string name in (string[])["a", "held", "b"])
        {
            stores[name] = new MemoryStore();
            await stores[name].TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, HostSetup.Branin(10) with { Name = name })],
                default);
        }
        await stores["held"].TryAppendAsync(1, [new StudyPaused(DateTimeOffset.UtcNow, "lunch")], default);
        var disposed = new ConcurrentBag<string>();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IStudySessions>(new StoredStudies((name, _) => Task.FromResult(stores[name]), d =>
            StudyPolicy.Of(SamplerCatalog.Create(d.Sampler))));
        builder.UseOrleans(silo =>
            silo.UseLocalhostClustering(siloPort: 21111, gatewayPort: 0, clusterId: Guid.NewGuid().ToString()).AddAutoPeft(o =>
        {
            o.Studies = ["a", "held", "b"];
            o.Workers = study =>
                [.. DeviceSlot.Cpu(2).Select(d =>
                new Noted(new InProcessWorker(new ScriptedRunner((t, _, _) => Task.FromResult(HostSetup.BraninOf(t))), d), () =>
                disposed.Add(study.Name)))];
        }));
        using IHost host = builder.Build();
        await host.StartAsync();
        IGrainFactory grains = host.Services.GetRequiredService<IGrainFactory>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (string name in (string[])["a", "b"])
            while ((await grains.GetGrain<IStudyGrain>(name).StatusAsync()).Finished < 10) await Task.Delay(50, patience.Token);
        IStudyGrain held = grains.GetGrain<IStudyGrain>("held");
        Assert.Equal((true, 0), ((await held.StatusAsync()).IsHeld, (await held.StatusAsync()).Proposed));
        await held.ResumeAsync();
        while ((await held.StatusAsync()).Finished < 10) await Task.Delay(50, patience.Token);
        await host.StopAsync(patience.Token);
        // Two workers for each study, and they left with it.
        Assert.Equal((string[])["a", "a", "b", "b", "held", "held"], disposed.Order());
    }

    [Fact]
    public async Task A_silo_that_stays_serves_a_finished_study_again_once_a_person_gave_it_more_trials()
    {
        var store = new MemoryStore();
        await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, HostSetup.Branin(4))], default);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IStudySessions>(new StoredStudies((_, _) => Task.FromResult<IStudyStore>(store),
            d => StudyPolicy.Of(SamplerCatalog.Create(d.Sampler)), _ => Task.FromResult<IReadOnlyList<string>>(["study"])));
        builder.UseOrleans(silo =>
            silo.UseLocalhostClustering(siloPort: 21113, gatewayPort: 0, clusterId: Guid.NewGuid().ToString()).AddAutoPeft(o =>
                o.Workers = _ =>
                [
                    new InProcessWorker(new ScriptedRunner((t, _, _) => Task.FromResult(HostSetup.BraninOf(t))), DeviceSlot.Cpu(1)[0]),
                ]));
        using IHost host = builder.Build();
        await host.StartAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        // Another program's own log of the same store, as the command that extends a study opens it.
        using StudyLog command = await StudyLog.OpenAsync(store);
        await UntilAsync(4);
        // The silo knows by now that the study has finished.
        await Task.Delay(1000, patience.Token);
        Assert.True(await command.SetBudgetAsync(6));
        await UntilAsync(6);
        await host.StopAsync(patience.Token);

        async Task UntilAsync(int ended)
        {
            do
            {
                await Task.Delay(50, patience.Token);
                await command.RefreshAsync(patience.Token);
            } while (command.Study.Trials.Count(t => t.HasEnded) < ended);
        }
    }

    [Fact]
    public async Task A_study_that_cannot_be_opened_is_told_in_its_own_words_and_is_tried_again_with_the_next_call()
    {
        var store = new MemoryStore();
        await store.TryAppendAsync(0, [new StudyCreated(DateTimeOffset.UtcNow, HostSetup.Branin(10))], default);
        bool away = true;
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<IStudySessions>(new StoredStudies(
            (_, _) => away ? throw new InvalidInputException("The store is away.") : Task.FromResult<IStudyStore>(store), d =>
                StudyPolicy.Of(SamplerCatalog.Create(d.Sampler))));
        builder.UseOrleans(silo =>
            silo.UseLocalhostClustering(siloPort: 21112, gatewayPort: 0, clusterId: Guid.NewGuid().ToString()).AddAutoPeft());
        using IHost host = builder.Build();
        await host.StartAsync();
        IStudyGrain study = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IStudyGrain>("study");
        StudyUnavailableException e = await Assert.ThrowsAsync<StudyUnavailableException>(study.StatusAsync);
        Assert.Equal("The store is away.", e.Message);
        away = false;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                Assert.Equal(10, (await study.StatusAsync()).Budget);
                break;
            }
            catch (Exception late) when (late is StudyUnavailableException or OrleansException) { await Task.Delay(20, patience.Token); }
        }
        await host.StopAsync(patience.Token);
    }

    [Fact]
    public async Task Nobody_can_connect_to_an_embedded_silo()
    {
        await using StudySession session = await StudySession.CreateAsync(HostSetup.Branin(1), StudyPolicy.Of(new RandomSampler()),
            new MemoryStore());
        var worker = new InProcessWorker(new ScriptedRunner(async (_, _, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return TrialOutcome.Of(1, 2);
        }), DeviceSlot.Cpu(1)[0]);
        await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(session, new AttemptRunner([worker], new SweepOptions()));
        using var stranger = new TcpClient();
        SocketException e = await Assert.ThrowsAsync<SocketException>(() =>
            stranger.ConnectAsync(silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
    }

    private sealed class Noted(IWorker worker, Action disposed) : IWorker
    {
        public string Name => worker.Name;

        public DeviceSlot Device => worker.Device;

        public Task WarmUpAsync(CancellationToken cancellationToken) => worker.WarmUpAsync(cancellationToken);

        public Task<AttemptEnd> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            worker.RunAsync(trial, reporter, cancellationToken);

        public ValueTask DisposeAsync()
        {
            disposed();
            return worker.DisposeAsync();
        }
    }
}
