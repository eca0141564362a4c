using System.Diagnostics;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>Fits a formula to a table from default starts and prints objective, parameters, seconds and memory.</summary>
internal static class FormulaBenchmark
{
    /// <summary>Fits and prints.</summary>
    public static void Run(string file, string target, string formula)
    {
        var clock = Stopwatch.StartNew();
        var table = CsvTable.Read(file);
        double read = clock.Elapsed.TotalSeconds;
        var report = FormulaReport.Run(table, target, formula);
        var fit = report.Fit;
        Console.WriteLine(
            $"{formula}: objective {fit.Objective:G10} ({fit.End}), {fit.StartsAtMinimum} of {fit.Starts} descents at the minimum");
        Console.WriteLine("  " + string.Join("  ", fit.Names.Zip(fit.Values, (n, v) => $"{n} {v:G6}")));
        Console.WriteLine($"  read {read:0.0} s, fitted {clock.Elapsed.TotalSeconds - read:0.0} s, peak "
            + $"{Process.GetCurrentProcess().PeakWorkingSet64 / 1048576} MiB");
    }
}
