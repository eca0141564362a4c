using System.Diagnostics;
using System.Globalization;
using AutoPeft.Postgres;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Chaos;

/// <summary>
/// Processes killed at random under a running sweep. Whatever was killed is started again, as a scheduler of a cluster would.
/// </summary>
internal static class KillChaos
{
    private const int Workers = 4;

    public static async Task<int> JournalAsync(Options o)
    {
        string folder = Directory.CreateTempSubdirectory("autopeft-chaos-").FullName, run = Path.Combine(folder, "run"),
            log = Path.Combine(folder, "log");
        int trials = o.Int("trials", 200), kills = 0, parents = 0;
        string workers = Workers.ToString(CultureInfo.InvariantCulture);
        string[] shared = ["--workers", workers, "--attempts", "1000", "--plain"];
        Process parent = Processes.Start(log, [],
            ["sweep", "function:zdt1", "--trials", Text(trials), "--delay", o.Text("delay", "0.3"), "--sampler", "random", "--out", run,
                .. shared]);
        var random = new Random(o.Int("seed", 1));
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(o.Number("every", 1))).ConfigureAwait(false);
            if (parent.HasExited && parent.ExitCode == 0) break;
            if (parent.HasExited && parent.ExitCode != 137)
                throw new InvalidOperationException(
                    $"The parent ended with {parent.ExitCode}:\n{await File.ReadAllTextAsync(log).ConfigureAwait(false)}");
            if (!parent.HasExited)
            {
                int[] all = [parent.Id, .. Processes.Children(parent.Id)];
                // Not before the study exists: then there is nothing to resume.
                int victim = File.Exists(Path.Combine(run, "study.log")) && new FileInfo(Path.Combine(run, "study.log")).Length > 0
                    ? all[random.Next(all.Length)]
                    : -1;
                if (victim < 0) continue;
                Processes.Kill(victim);
                kills++;
                if (victim != parent.Id) continue;
                parents++;
                await parent.WaitForExitAsync().ConfigureAwait(false);
            }
            parent = Processes.Start(log, [], ["resume", run, .. shared]);
        }
        await using JournalStore store = await JournalStore.OpenAsync(Path.Combine(run, "study.log")).ConfigureAwait(false);
        int result = await LogCheck.RunAsync(store, trials,
            $"journal, {kills} kills ({parents} of the parent) in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s")
            .ConfigureAwait(false);
        Directory.Delete(folder, recursive: true);
        return result;
    }

    public static async Task<int> PostgresAsync(Options o)
    {
        await using PostgresProcess server = await PostgresProcess.StartAsync(durable: true).ConfigureAwait(false);
        string folder = Directory.CreateTempSubdirectory("autopeft-chaos-").FullName, log = Path.Combine(folder, "log");
        int trials = o.Int("trials", 200), kills = 0;
        string[] place = ["--store", server.Url, "--study", "chaos", "--attempts", "1000", "--plain", "--out", Path.Combine(folder, "run")];
        using (Process make = Processes.Start(log, [],
            ["sweep", "function:zdt1", "--trials", Text(trials), "--delay", o.Text("delay", "0.3"), "--sampler", "random", "--workers", "0",
                .. place])) await make.WaitForExitAsync().ConfigureAwait(false);
        await using PostgresStore store = await PostgresStore.OpenAsync(StoreAddress.Parse(server.Url), "chaos").ConfigureAwait(false);
        var study = new Study();
        string[][] commands = [["resume", .. place], .. Enumerable.Repeat((string[])["worker", .. place], Workers)];
        Process[] processes = [.. commands.Select(c => Processes.Start(log, [], c))];
        var random = new Random(o.Int("seed", 1));
        long start = Stopwatch.GetTimestamp();
        while (!processes.All(p => p.HasExited && p.ExitCode == 0))
        {
            await Task.Delay(TimeSpan.FromSeconds(o.Number("every", 1))).ConfigureAwait(false);
            if (processes.FirstOrDefault(p => p.HasExited && p.ExitCode is not 0 and not 137) is { } odd)
                throw new InvalidOperationException(
                    $"A process ended with {odd.ExitCode}:\n{await File.ReadAllTextAsync(log).ConfigureAwait(false)}");
            for (int i = 0; i < processes.Length; i++)
                if (processes[i].HasExited && processes[i].ExitCode == 137) processes[i] = Processes.Start(log, [], commands[i]);
            int[] alive = [.. processes.Where(p => !p.HasExited).SelectMany(p => (int[])[p.Id, .. Processes.Children(p.Id)])];
            await foreach (StudyEvent e in store.ReadAsync(study.Sequence, CancellationToken.None).ConfigureAwait(false)) study.Apply(e);
            // With every result in, what is left is to write the tables. Killing that every second would go on for ever.
            if (alive.Length == 0 || study.FinishedCount == trials) continue;
            Processes.Kill(alive[random.Next(alive.Length)]);
            kills++;
        }
        int result = await LogCheck.RunAsync(store, trials,
            $"postgres, {kills} kills in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s").ConfigureAwait(false);
        Directory.Delete(folder, recursive: true);
        return result;
    }

    private static string Text(int n) => n.ToString(CultureInfo.InvariantCulture);
}
