using System.Globalization;
using AutoPeft;
using AutoPeft.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    return args switch
    {
        ["quality", .. var rest] => QualityTable.Run(rest),
        ["speed", .. var rest] => SpeedTable.Run(rest),
        [] or [not ("help" or "--help" or "-h"), ..] => SummaryTable.Run(args),
        _ => Usage(),
    };
}
catch (InvalidInputException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

static int Usage()
{
    Console.WriteLine("""
        dotnet run -c Release --project tests/AutoPeft.Benchmarks                 the whole table: quality, four workers, replay, speed
            -- [--peers FILE] [--problem NAME …] [--seeds 5] [--only quality|speed …]
        dotnet run -c Release --project tests/AutoPeft.Benchmarks -- quality      one line a sampler
            [--problem NAME …] [--sampler auto …] [--seeds 5] [--workers 1] [--peers FILE] [--all] [--out FILE]
        dotnet run -c Release --project tests/AutoPeft.Benchmarks -- speed        [--only random|hypervolume|tpe|gp …] [--short]

        --peers: traces of other frameworks, {"problem": {"framework": [{"seconds": 1.5, "trace": [0.1, …]}, …]}}
        """);
    return 2;
}
