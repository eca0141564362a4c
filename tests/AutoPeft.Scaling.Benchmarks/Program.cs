using System.Diagnostics;
using System.Globalization;
using AutoPeft.Scaling.Benchmarks;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Fitting;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Reports;
using AutoPeft.Scaling.Sweeps;

// usage: AutoPeft.Scaling.Benchmarks [DATA [--no-scipy]]; DATA (or AUTOPEFT_DATA) is a folder with chinchilla/ and steplaw/.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is ["coverage", ..])
{
    CoverageExperiment.Run(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 300,
        args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 0.005,
        args.Length > 3 ? double.Parse(args[3], CultureInfo.InvariantCulture) : 0.005,
        args.Length > 4 ? int.Parse(args[4], CultureInfo.InvariantCulture) : 0);
    return 0;
}
if (args is ["formula", _, _, _])
{
    FormulaBenchmark.Run(args[1], args[2], args[3]);
    return 0;
}
if (args is ["starts", ..])
{
    StartsExperiment.Run(args.Length > 1 ? ulong.Parse(args[1], CultureInfo.InvariantCulture) : 1);
    return 0;
}
if (args is ["rows", ..])
{
    ManyRows.Run(int.Parse(args[1], CultureInfo.InvariantCulture), args.Length > 2 && args[2] == "formula");
    return 0;
}
if (args is ["isoflop", ..])
{
    IsoFlopExperiment.Run(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 100,
        args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 0.002);
    return 0;
}
if (args is ["backtest", _])
{
    BacktestExperiment.Run("Hoffmann et al.",
        LossPoints.From(CsvTable.Read(Path.Combine(args[1], "chinchilla", "svg_extracted_data.csv"))));
    var sweep = SweepData.From(CsvTable.Read(Path.Combine(args[1], "steplaw", "dense_lr_bs_loss.csv")));
    BacktestExperiment.Run("Step Law, best of each grid",
        new LossPoints([.. sweep.Grids.Select(g => g.Params)], [.. sweep.Grids.Select(g => g.Tokens)],
            [.. sweep.Grids.Select(g => g.MinLoss)]));
    return 0;
}
string? root = args.FirstOrDefault(a => !a.StartsWith('-')) ?? Environment.GetEnvironmentVariable("AUTOPEFT_DATA");
if (root is null)
{
    Console.Error.WriteLine("name the folder that holds chinchilla/ and steplaw/");
    return 2;
}
var points = LossPoints.From(CsvTable.Read(Path.Combine(root, "chinchilla", "svg_extracted_data.csv")));
LossLawFit.Fit(points, new LossLawFitOptions { Starts = new StartGrid { A = [5], B = [5] } }); // the first call compiles
var clock = Stopwatch.StartNew();
var cpu = Process.GetCurrentProcess().TotalProcessorTime;
var fit = LossLawFit.Fit(points);
double ours = clock.Elapsed.TotalSeconds;
double oursCpu = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds;
Console.WriteLine($"Chinchilla, {fit.Starts.Total} starts          {ours:0.00} s ({oursCpu:0.00} s of processors)   objective "
    + $"{fit.Value:G10}, {fit.Starts.Global} starts in the global basin, {Environment.ProcessorCount} processors");
clock.Restart();
var bootstrap = LossLawBootstrap.Run(fit);
Console.WriteLine($"1,000 bootstrap refits             {clock.Elapsed.TotalSeconds:0.00} s   sd of alpha "
    + $"{bootstrap.StandardDeviation(l => l.Alpha):0.0000}");
clock.Restart();
var (law, value) = VariableProjection.Fit(points);
Console.WriteLine(
    $"variable projection                {clock.Elapsed.TotalSeconds:0.00} s   objective {value:G10}, alpha {law.Alpha:0.0000000}");
clock.Restart();
string page = Path.Combine(Path.GetTempPath(), $"autopeft-benchmark-{Environment.ProcessId}.html");
IFitReport report = new StepLawReport(StepLawFit.Fit(SweepData.From(CsvTable.Read(Path.Combine(root, "steplaw", "dense_lr_bs_loss.csv")))));
report.WriteHtml(page);
Console.WriteLine($"Step Law report, CSV to HTML       {clock.Elapsed.TotalSeconds:0.00} s   1,000 cluster-bootstrap samples, "
    + $"{new FileInfo(page).Length / 1024} KiB");
File.Delete(page);
if (!args.Contains("--no-scipy")) ComparePeer(points, ours, oursCpu);
return 0;

static void ComparePeer(LossPoints points, double ours, double oursCpu)
{
    string csv = Path.Combine(Path.GetTempPath(), $"autopeft-benchmark-{Environment.ProcessId}.csv");
    File.WriteAllLines(csv,
        points.N.Select((n, i) => string.Create(CultureInfo.InvariantCulture, $"{n:R},{points.D[i]:R},{points.Loss[i]:R}")));
    if (SciPy.Run("lbfgs.py", csv) is { } output)
    {
        string[] parts = output.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        double seconds = double.Parse(parts[0], CultureInfo.InvariantCulture);
        double scipyCpu = double.Parse(parts[1], CultureInfo.InvariantCulture);
        Console.WriteLine($"SciPy's L-BFGS, the same starts    {seconds:0.00} s ({scipyCpu:0.00} s of processors)   objective "
            + $"{double.Parse(parts[2], CultureInfo.InvariantCulture):G10}, {parts[3]} starts in its basin; {seconds / ours:0.0} times "
            + $"ours, {scipyCpu / oursCpu:0.0} by processor time");
    }
    File.Delete(csv);
}
