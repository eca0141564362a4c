using System.Globalization;
using AutoPeft.Analysis.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
return args switch
{
    ["importance", .. var rest] => ImportanceTable.Run(rest),
    ["warm-start", .. var rest] => WarmStartTable.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.WriteLine("""
        dotnet run -c Release --project tests/AutoPeft.Analysis.Benchmarks -- importance [TRIALS 500] [SEEDS 5] [SAMPLER …]
        dotnet run -c Release --project tests/AutoPeft.Analysis.Benchmarks -- warm-start [SEEDS 5] [TRIALS 40]
        """);
    return 2;
}
