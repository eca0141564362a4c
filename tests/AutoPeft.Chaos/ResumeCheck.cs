using System.Diagnostics;
using System.Globalization;
using AutoPeft.Pareto;
using AutoPeft.Postgres;
using AutoPeft.Studies;
using AutoPeft.TestKit;

namespace AutoPeft.Chaos;

/// <summary>
/// A sequential study that is killed and resumed has the trials and the front of one that was left alone, in either store.
/// </summary>
internal static class ResumeCheck
{
    public static async Task<int> RunAsync(Options o)
    {
        await using PostgresProcess server = await PostgresProcess.StartAsync().ConfigureAwait(false);
        string folder = Directory.CreateTempSubdirectory("autopeft-chaos-").FullName, log = Path.Combine(folder, "log");
        string trials = o.Int("trials", 30).ToString(CultureInfo.InvariantCulture);
        string[] sweep = ["sweep", "function:branin-currin", "--trials", trials, "--delay", "0.1", "--seed", "5", "--sampler",
            o.Text("sampler", "gp"), "--attempts", "1000", "--plain"];
        string whole = Path.Combine(folder, "whole"), run = Path.Combine(folder, "run");
        string[] place = ["--store", server.Url, "--study", "resumed", "--out", Path.Combine(folder, "shared")];
        await DoneAsync(Processes.Start(log, [], [.. sweep, "--out", whole])).ConfigureAwait(false);
        int kills =
            await KilledAsync(log, [.. sweep, "--out", run], ["resume", run, "--attempts", "1000", "--plain"]).ConfigureAwait(false);
        kills += await KilledAsync(log, [.. sweep, .. place], ["worker", .. place, "--attempts", "1000", "--plain"]).ConfigureAwait(false);
        await using JournalStore a = await JournalStore.OpenAsync(Path.Combine(whole, "study.log")).ConfigureAwait(false),
            b = await JournalStore.OpenAsync(Path.Combine(run, "study.log")).ConfigureAwait(false);
        await using PostgresStore c = await PostgresStore.OpenAsync(StoreAddress.Parse(server.Url), "resumed").ConfigureAwait(false);
        string[] shapes = [await ShapeAsync(a).ConfigureAwait(false), await ShapeAsync(b).ConfigureAwait(false),
            await ShapeAsync(c).ConfigureAwait(false)];
        bool same = shapes.Distinct().Count() == 1;
        if (!same)
            Console.WriteLine(
                $"journal {(shapes[1] == shapes[0] ? "same" : "differs")}, PostgreSQL {(shapes[2] == shapes[0] ? "same" : "differs")}");
        Console.WriteLine($"resume: {trials} trials, {kills} kills over both stores; trials and front "
            + $"{(same ? "identical to the uninterrupted study's. OK" : "DIFFER. WRONG")}");
        Directory.Delete(folder, recursive: true);
        return same ? 0 : 1;
    }

    private static async Task<int> KilledAsync(string log, string[] first, string[] again)
    {
        var random = new Random(3);
        int kills = 0;
        Process process = Processes.Start(log, [], first);
        while (true)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2.5 + 2 * random.NextDouble()));
            try
            {
                await DoneAsync(process, patience.Token).ConfigureAwait(false);
                return kills;
            }
            catch (OperationCanceledException) { }
            Processes.Kill(process.Id);
            kills++;
            await process.WaitForExitAsync().ConfigureAwait(false);
            process = Processes.Start(log, [], again);
        }
    }

    private static async Task DoneAsync(Process process, CancellationToken cancellationToken = default)
    {
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0) throw new InvalidOperationException($"A command ended with {process.ExitCode}.");
    }

    private static async Task<string> ShapeAsync(IStudyStore store)
    {
        var study = new Study();
        await foreach (StudyEvent e in store.ReadAsync(0, default).ConfigureAwait(false)) study.Apply(e);
        return string.Join('\n',
            study.Trials.Select(t =>
                $"{t.Number} {t.Configuration} {string.Join(' ', t.Values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}"))
            + "\nfront " + string.Join(' ', ParetoFront.Of(study).Select(t => t.Number));
    }
}
