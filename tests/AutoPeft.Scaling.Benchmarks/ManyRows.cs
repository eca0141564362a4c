using System.Diagnostics;
using System.Globalization;
using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>
/// A table of many runs from a known law: seconds and peak memory of the loss law's and of a formula's fit, reading included.
/// </summary>
internal static class ManyRows
{
    /// <summary>Writes the table, fits it by one of the two, prints.</summary>
    public static void Run(int rows, bool formula)
    {
        string path = Path.Combine(Path.GetTempPath(), $"autopeft-rows-{Environment.ProcessId}.csv");
        var truth = new LossLaw(480, 2100, 1.82, 0.348, 0.366);
        var random = new Philox(1);
        using (var w = new StreamWriter(path))
        {
            w.WriteLine("N,D,loss");
            for (int i = 0; i < rows; i++)
            {
                double n = Math.Exp(18 + 5 * random.NextDouble()), d = Math.Exp(21 + 4.5 * random.NextDouble());
                w.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{n:G7},{d:G7},{truth.Loss(n, d) * Math.Exp(0.005 * random.NextNormal()):G7}"));
            }
        }
        var clock = Stopwatch.StartNew();
        var table = TableFile.Read(path);
        double read = clock.Elapsed.TotalSeconds;
        IFitReport report =
            formula ? FormulaReport.Run(table, "loss", "E + A*N^-alpha + B*D^-beta") : LossLawReport.Run(LossPoints.From(table));
        report.WriteConsole(Console.Out);
        report.ToHtml();
        Console.WriteLine($"{rows} rows, {(formula ? "formula" : "loss law")}: read {read:0.0} s, in all {clock.Elapsed.TotalSeconds:0.0} "
            + $"s ({Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds:0.0} s of processors), peak "
            + $"{Process.GetCurrentProcess().PeakWorkingSet64 / 1048576} MiB");
        File.Delete(path);
    }
}
