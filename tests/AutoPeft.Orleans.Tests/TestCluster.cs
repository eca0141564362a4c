using System.Collections.Concurrent;
using AutoPeft.Functions;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Orleans.SharedDirectory;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Studies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Tests;

/// <summary>Real silos in this process over a directory of their own, and every run of a trial that any of their workers saw.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("autopeft-cluster-").FullName;
    private readonly List<TestSilo> _silos = [];

    /// <summary>Runs of trials, in the order in which they began.</summary>
    public ConcurrentQueue<TrialRun> Runs { get; } = new();

    /// <summary>How long a trial takes.</summary>
    public TimeSpan TrialTime { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The silo on which no trial comes to its end, until another is named.</summary>
    public TestSilo? Held { get; set; }

    /// <summary>What a trial does; the test problem's values unless stated.</summary>
    public Func<StudyDefinition, TrialAssignment, ITrialReporter, CancellationToken, Task<TrialOutcome>>? Trial { get; set; }

    public IGrainFactory Grains => _silos.First(s => s.Alive).Grains;

    public async Task<TestSilo> AddSiloAsync(IReadOnlyList<DeviceSlot> slots, Action<AutoPeftSiloOptions>? configure = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        var silo = new TestSilo();
        builder.UseOrleans(o => o
            .UseAutoPeftDirectory(_directory)
            .Configure<ClusterOptions>(c => (c.ClusterId, c.ServiceId) = ("test", "autopeft"))
            .Configure<ClusterMembershipOptions>(m =>
            {
                // A killed silo is found within a second instead of half a minute; one silo must be enough to find it.
                (m.ProbeTimeout, m.NumMissedProbesLimit, m.NumVotesForDeathDeclaration) = (TimeSpan.FromSeconds(0.4), 2, 1);
                (m.TableRefreshTimeout, m.MaxJoinAttemptTime) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(20));
            })
            .AddAutoPeft(a =>
            {
                a.Slots = slots;
                a.CheckPeriod = TimeSpan.FromSeconds(0.5);
                a.Worker = (study, slot) => new InProcessWorker(new Runner(this, silo, study), slot);
                configure?.Invoke(a);
            }));
        silo.Host = builder.Build();
        await silo.Host.StartAsync();
        _silos.Add(silo);
        return silo;
    }

    public static StudyDefinition Branin(int trials, string sampler = "random", ulong seed = 7)
    {
        TestFunction f = TestFunctions.Resolve("branin-currin");
        return new StudyDefinition(f.Space, f.Objectives, f.Outcomes) { Name = f.Name, Sampler = sampler, Seed = seed, Budget = trials };
    }

    public async Task<IStudyGrain> StartStudyAsync(string name, StudyDefinition definition, ClusterRunOptions? options = null)
    {
        IStudyGrain study = Grains.GetGrain<IStudyGrain>(name);
        Assert.Null(await study.CreateAsync(EventLines.Write(new StudyCreated(DateTimeOffset.UtcNow, definition)), options ?? new ClusterRunOptions()));
        Assert.Null(await study.StartAsync());
        return study;
    }

    public async Task<List<StudyEvent>> LogAsync(string name)
    {
        var log = new List<StudyEvent>();
        await foreach (StudyEvent e in new ClusterStudyStore(Grains, name).ReadAsync(0, default)) log.Add(e);
        return log;
    }

    /// <summary>The study when it has finished, or when <paramref name="until"/> holds.</summary>
    public async Task<Study> AwaitAsync(string name, Func<Study, bool>? until = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(150));
        while (true)
        {
            try
            {
                // Asked before the log is read: what ends in between is in it then.
                bool finished = until is null && (await Grains.GetGrain<IStudyGrain>(name).StatusAsync()).Phase == StudyPhase.Finished;
                Study study = Study.Of(await LogAsync(name));
                if (until is not null ? until(study) : finished) return study;
            }
            // A silo died under the call; the next one goes to another.
            catch (Exception e) when (e is OrleansException or TimeoutException) { }
            await Task.Delay(30, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TestSilo silo in _silos.Where(s => s.Alive)) await silo.StopAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private sealed class Runner(TestCluster cluster, TestSilo silo, StudyDefinition study) : ITrialRunner
    {
        public async Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken)
        {
            var run = new TrialRun(silo, study.Name, trial.Number, trial.Attempt, trial.Device.ToString(), trial.Seed);
            cluster.Runs.Enqueue(run);
            Interlocked.Increment(ref run.OnDevice);
            try
            {
                if (cluster.Runs.Any(r => r != run && r.Silo == silo && r.Device == run.Device && r.OnDevice > 0)) run.Shared = true;
                if (cluster.Trial is { } own) return await own(study, trial, reporter, cancellationToken);
                await Task.Delay(cluster.TrialTime, cancellationToken);
                while (cluster.Held == silo) await Task.Delay(10, cancellationToken);
                (double[] values, double[] outcomes) = TestFunctions.Resolve("branin-currin").Evaluate(trial.Configuration);
                return new TrialOutcome([.. values], [.. outcomes], System.Collections.Immutable.ImmutableSortedDictionary<string, double>.Empty);
            }
            finally { Interlocked.Decrement(ref run.OnDevice); }
        }
    }
}

/// <summary>A silo in this process.</summary>
internal sealed class TestSilo
{
    public IHost Host { get; set; } = null!;

    public bool Alive { get; private set; } = true;

    public IGrainFactory Grains => Host.Services.GetRequiredService<IGrainFactory>();

    public SiloAddress Address => Host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    public async Task StopAsync()
    {
        Alive = false;
        await Host.StopAsync();
        Host.Dispose();
    }

    /// <summary>Without a farewell: nothing is handed over, no grain is deactivated, and the others are not told.</summary>
    public async Task KillAsync()
    {
        Alive = false;
        await Host.StopAsync(new CancellationToken(canceled: true));
        Host.Dispose();
    }
}

/// <summary>A worker ran a trial.</summary>
internal sealed record TrialRun(TestSilo Silo, string Study, int Number, int Attempt, string Device, ulong Seed)
{
    /// <summary>1 while it runs.</summary>
    public int OnDevice;

    /// <summary>Whether another run was on its slot when it began.</summary>
    public bool Shared;
}
