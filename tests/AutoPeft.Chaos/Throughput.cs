using System.Diagnostics;
using System.Globalization;
using AutoPeft.Functions;
using AutoPeft.Postgres;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Scheduling;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Chaos;

/// <summary>How many trials a second one PostgreSQL study takes from many hosts, with trials that take no time and the server, synced to disk, on the same machine.</summary>
internal static class Throughput
{
    public static async Task<int> RunAsync(Options o)
    {
        int trials = o.Int("trials", 10_000), processes = o.Int("processes", 32), slots = o.Int("slots", 1);
        await using PostgresProcess server = await PostgresProcess.StartAsync(durable: true).ConfigureAwait(false);
        string log = Path.GetTempFileName();
        await using PostgresStore store = await PostgresStore.CreateAsync(StoreAddress.Parse(server.Url), "throughput").ConfigureAwait(false);
        TestFunction f = TestFunctions.Resolve("zdt1");
        using (await SessionSteps.CreateAsync(new StudyDefinition(f.Space, f.Objectives) { Budget = trials, Sampler = "random", Name = "throughput" }, new RandomSampler(), store).ConfigureAwait(false)) { }
        Process[] hosts = [.. Enumerable.Range(0, processes).Select(_ => Processes.StartSelf(log, "host", "--store", server.Url, "--slots", slots.ToString(CultureInfo.InvariantCulture)))];
        foreach (Process p in hosts)
        {
            await p.WaitForExitAsync().ConfigureAwait(false);
            if (p.ExitCode != 0) throw new InvalidOperationException($"A host ended with {p.ExitCode}:\n{await File.ReadAllTextAsync(log).ConfigureAwait(false)}");
        }
        List<StudyEvent> events = [];
        await foreach (StudyEvent e in store.ReadAsync(0, default).ConfigureAwait(false)) events.Add(e);
        // From the first trial to the last result: not the start of the processes.
        double seconds = (events[^1].Time - events.OfType<TrialStarted>().First().Time).TotalSeconds;
        Console.WriteLine($"{trials} trials by {processes} process(es) of {slots} slot(s) in {seconds:0.0} s: {trials / seconds:0} trials/s on {Environment.ProcessorCount} cores; deadlocks {await server.SqlAsync("select sum(deadlocks) from pg_stat_database").ConfigureAwait(false)}");
        File.Delete(log);
        return await LogCheck.RunAsync(store, trials, "throughput").ConfigureAwait(false);
    }

    /// <summary>One host: what <c>autopeft worker</c> is, but for the child processes.</summary>
    public static async Task<int> HostAsync(Options o)
    {
        await using PostgresStore store = await PostgresStore.OpenAsync(StoreAddress.Parse(o.Text("store", "")), o.Text("study", "throughput")).ConfigureAwait(false);
        await using StudySession session = await SessionSteps.OpenAsync(store).ConfigureAwait(false);
        IWorker[] workers = [.. DeviceSlot.Cpu(o.Int("slots", 1)).Select(d => new InProcessWorker(new NoWork(), d))];
        await session.RunAsync(workers).ConfigureAwait(false);
        return 0;
    }

    private sealed class NoWork : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) => Task.FromResult(TrialOutcome.Of(trial.Number, -trial.Number));
    }
}
