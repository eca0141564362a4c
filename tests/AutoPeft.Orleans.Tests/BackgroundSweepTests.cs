using AutoPeft.Catalogs;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Running;
using AutoPeft.Studies;
using AutoPeft.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoPeft.Orleans.Tests;

/// <summary>Studies in the background of a host.</summary>
public sealed class BackgroundSweepTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_host_runs_its_studies_to_their_ends()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        foreach (string name in (string[])["a", "b"]) Add(builder.Services, name, 6, new MemoryStore());
        using IHost host = builder.Build();
        await host.StartAsync();
        BackgroundSweep[] sweeps = [.. host.Services.GetServices<BackgroundSweep>()];
        await Task.WhenAll(sweeps.Select(s => s.Completion)).WaitAsync(Patience);
        Assert.Equal((string[])["a", "b"], sweeps.Select(s => s.Study!.Definition.Name));
        Assert.All(sweeps, s => Assert.Equal(6, s.Study!.Completed.Count));
        await host.StopAsync();
    }

    [Fact]
    public async Task A_host_that_stops_gives_its_running_trials_back_and_the_next_start_goes_on()
    {
        var store = new MemoryStore();
        var began = new TaskCompletionSource();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        Add(builder.Services, "a", 4, store, async (_, _, token) =>
        {
            began.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
            return TrialOutcome.Of(0);
        });
        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            await began.Task.WaitAsync(Patience);
            await host.StopAsync();
        }
        var study = new Study();
        await foreach (StudyEvent e in store.ReadAsync(0, default)) study.Apply(e);
        Assert.Equal((0, 0), (study.Completed.Count, study.Trials.Count(t => t.State == TrialState.Running)));

        builder = Host.CreateEmptyApplicationBuilder(null);
        Add(builder.Services, "a", 4, store);
        using IHost next = builder.Build();
        await next.StartAsync();
        await next.Services.GetRequiredService<BackgroundSweep>().Completion.WaitAsync(Patience);
        Assert.Equal(4, next.Services.GetRequiredService<BackgroundSweep>().Study!.Completed.Count);
        await next.StopAsync();
    }

    [Fact]
    public async Task A_study_that_cannot_be_opened_ends_its_sweep_with_the_reason()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.Configure<HostOptions>(o => o.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore);
        builder.Services.AddAutoPeft((_, _) => throw new InvalidInputException("no such database"), (_, _) => []);
        using IHost host = builder.Build();
        await host.StartAsync();
        InvalidInputException e = await Assert.ThrowsAsync<InvalidInputException>(
            () => host.Services.GetRequiredService<BackgroundSweep>().Completion.WaitAsync(Patience));
        Assert.Equal("no such database", e.Message);
        await host.StopAsync();
    }

    private static void Add(
        IServiceCollection services, string name, int budget, IStudyStore store,
        Func<TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>>? trial = null) =>
        services.AddAutoPeft(
            (_, token) => StudySession.OpenOrCreateAsync(
                HostSetup.Branin(budget) with { Name = name }, StudyPolicy.Of(SamplerCatalog.Create("random")), store,
                cancellationToken: token),
            (_, _) =>
            [
                .. DeviceSlot.Cpu(2).Select(slot => new InProcessWorker(
                    new ScriptedRunner(trial ?? ((t, _, _) => Task.FromResult(HostSetup.BraninOf(t)))), slot)),
            ]);
}
