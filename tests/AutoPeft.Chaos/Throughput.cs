using System.Diagnostics;
using System.Globalization;
using AutoPeft.Catalogs;
using AutoPeft.Functions;
using AutoPeft.Orleans.Hosting;
using AutoPeft.Postgres;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Chaos;

/// <summary>
/// How many trials a second a study takes, with trials that take no time: on a silo in one process over a journal, and on many silos over
/// one PostgreSQL, synced to disk, on the same machine.
/// </summary>
internal static class Throughput
{
    private const string Study = "throughput";

    public static async Task<int> EmbeddedAsync(Options o)
    {
        int trials = o.Int("trials", 10_000), slots = o.Int("slots", 8);
        string folder = Directory.CreateTempSubdirectory("autopeft-chaos-").FullName;
        await using JournalStore store = await JournalStore.CreateAsync(Path.Combine(folder, "study.log")).ConfigureAwait(false);
        await using (StudySession session = await StudySession.CreateAsync(Definition(trials), StudyPolicy.Of(new RandomSampler()), store)
            .ConfigureAwait(false))
        {
            long start = Stopwatch.GetTimestamp();
            await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(session, Runner(slots)).ConfigureAwait(false);
            TimeSpan started = Stopwatch.GetElapsedTime(start);
            await silo.Completion.ConfigureAwait(false);
            Console.WriteLine($"silo started in {started.TotalSeconds:0.00} s; {Environment.WorkingSet >> 20} MiB");
        }
        int result = await ReportAsync(store, trials, $"one silo of {slots} slots on a journal").ConfigureAwait(false);
        Directory.Delete(folder, recursive: true);
        return result;
    }

    public static async Task<int> ClusterAsync(Options o)
    {
        int trials = o.Int("trials", 10_000), silos = o.Int("silos", 4), slots = o.Int("slots", 8);
        await using PostgresProcess server = await PostgresProcess.StartAsync(durable: true).ConfigureAwait(false);
        string log = Path.GetTempFileName();
        await using PostgresStore store = await PostgresStore.CreateAsync(StoreAddress.Parse(server.Url), Study).ConfigureAwait(false);
        (await StudyLog.CreateAsync(Definition(trials), store).ConfigureAwait(false)).Dispose();
        Process[] hosts = [.. Enumerable.Range(0, silos).Select(_ =>
            Processes.StartSelf(log, "silo", "--store", server.Url, "--slots", slots.ToString(CultureInfo.InvariantCulture)))];
        foreach (Process p in hosts)
        {
            await p.WaitForExitAsync().ConfigureAwait(false);
            if (p.ExitCode != 0)
            {
                string said = await File.ReadAllTextAsync(log).ConfigureAwait(false);
                throw new InvalidOperationException($"A silo ended with {p.ExitCode}:\n{said}");
            }
        }
        Console.WriteLine($"deadlocks {await server.SqlAsync("select sum(deadlocks) from pg_stat_database").ConfigureAwait(false)}");
        File.Delete(log);
        return await ReportAsync(store, trials, $"{silos} silos of {slots} slots on one PostgreSQL").ConfigureAwait(false);
    }

    /// <summary>One silo of the cluster: what <c>autopeft worker</c> is, but for the child processes.</summary>
    public static async Task<int> SiloAsync(Options o)
    {
        StoreAddress address = StoreAddress.Parse(o.Text("store", ""));
        await using ClusterSilo silo = await ClusterSilo.StartAsync(new ClusterSiloOptions
        {
            ConnectionString = address.ConnectionString,
            Study = Study,
            OpenStore = async token => await PostgresStore.OpenAsync(address, Study, cancellationToken: token).ConfigureAwait(false),
            Policy = d => StudyPolicy.Of(SamplerCatalog.Create(d.Sampler)),
            Runner = Runner(o.Int("slots", 8)),
        }).ConfigureAwait(false);
        await silo.Completion.ConfigureAwait(false);
        return 0;
    }

    private static StudyDefinition Definition(int trials)
    {
        TestFunction f = TestFunctions.Resolve("zdt1");
        return new StudyDefinition(f.Space, f.Objectives) { Budget = trials, Sampler = "random", Name = Study };
    }

    private static AttemptRunner Runner(int slots) =>
        new([.. DeviceSlot.Cpu(slots).Select(d => new InProcessWorker(new NoWork(), d))], new SweepOptions());

    private static async Task<int> ReportAsync(IStudyStore store, int trials, string what)
    {
        List<StudyEvent> events = [];
        await foreach (StudyEvent e in store.ReadAsync(0, default).ConfigureAwait(false)) events.Add(e);
        // From the first trial to the last result: not the start of the processes.
        double seconds = (events[^1].Time - events.OfType<TrialStarted>().First().Time).TotalSeconds;
        int tenth = trials / 10;
        double first = SecondsOf(events, 0, tenth), last = SecondsOf(events, trials - tenth, trials);
        Console.WriteLine(
            $"{trials} trials by {what} in {seconds:0.0} s: {trials / seconds:0} trials/s on {Environment.ProcessorCount} cores; "
            + $"the last tenth took {last / first:0.00} times the first's time");
        int code = await LogCheck.RunAsync(store, trials, Study).ConfigureAwait(false);
        if (trials < EnoughTrials || last <= MostGrowth * first) return code;
        Console.Error.WriteLine($"A trial at the end took more than {MostGrowth} times what one at the beginning took.");
        return 1;
    }

    /// <summary>Trials from which a tenth of them takes long enough to be compared.</summary>
    private const int EnoughTrials = 20_000;

    /// <summary>How much longer a trial may take at the end of a study than at its beginning.</summary>
    private const double MostGrowth = 1.3;

    private static double SecondsOf(List<StudyEvent> events, int from, int to)
    {
        DateTimeOffset[] ends = [.. events.OfType<TrialCompleted>().Select(e => e.Time)];
        return (ends[to - 1] - ends[from]).TotalSeconds;
    }

    private sealed class NoWork : ITrialRunner
    {
        public Task<TrialOutcome> RunAsync(TrialAssignment trial, ITrialReporter reporter, CancellationToken cancellationToken) =>
            Task.FromResult(TrialOutcome.Of(trial.Number, -trial.Number));
    }
}
