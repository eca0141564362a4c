using System.Globalization;
using AutoPeft.Chaos;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = new Options(args.Skip(1));
try
{
    return args.FirstOrDefault() switch
    {
        "journal" => await KillChaos.JournalAsync(options).ConfigureAwait(false),
        "postgres" => await KillChaos.PostgresAsync(options).ConfigureAwait(false),
        "restart" => await ServerChaos.RestartAsync(options).ConfigureAwait(false),
        "network" => await ServerChaos.NetworkAsync(options).ConfigureAwait(false),
        "resume" => await ResumeCheck.RunAsync(options).ConfigureAwait(false),
        "embedded" => await Throughput.EmbeddedAsync(options).ConfigureAwait(false),
        "throughput" => await Throughput.ClusterAsync(options).ConfigureAwait(false),
        "silo" => await Throughput.SiloAsync(options).ConfigureAwait(false),
        "append" => await JournalSpeed.AppendAsync(options).ConfigureAwait(false),
        "open" => await JournalSpeed.OpenAsync(options).ConfigureAwait(false),
        "parquet" => await DamagedTables.RunAsync(options).ConfigureAwait(false),
        "open-once" => await JournalSpeed.OpenOnceAsync(options).ConfigureAwait(false),
        _ => Usage(),
    };
}
catch (InvalidOperationException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static int Usage()
{
    Console.WriteLine("""
        dotnet run -c Release --project tests/AutoPeft.Chaos -- COMMAND
          journal    [--trials 200] [--delay 0.3] [--every 1]     4 workers and their parent on a journal, one of the five
                                                                  killed with -9 every second
          postgres   [--trials 200] [--delay 0.3] [--every 1]     the same over PostgreSQL: a parent and 4 worker commands
          restart    [--trials 200] [--delay 0.3] [--times 4]     PostgreSQL crashed and restarted in mid-sweep
          network    [--trials 200] [--delay 0.3] [--seconds 30]  the network between a machine's workers and the server
                                                                  cut (as root: network namespaces)
          resume     [--trials 30]                                a sequential study killed and resumed again and again,
                                                                  against one that was not
          embedded   [--trials 10000] [--slots 8]                 no-op trials on a silo in this process, over a journal
          throughput [--trials 10000] [--silos 4] [--slots 8]     no-op trials on silos over one PostgreSQL study
          append     [--events 100000] [--batch 100]              journal: synced appends
          open       [--trials 100000]                            journal: opening, as it was written and compacted
          parquet    [--mutations 4000] [--seed 1] [--files A,B]  damaged Parquet files, a sweep's by default: a table or a line each
        """);
    return 2;
}
