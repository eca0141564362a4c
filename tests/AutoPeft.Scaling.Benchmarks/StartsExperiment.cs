using System.Globalization;
using AutoPeft.Randomness;
using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Formulas;
using AutoPeft.Scaling.Register;
using AutoPeft.Scaling.Reports;

namespace AutoPeft.Scaling.Benchmarks;

/// <summary>
/// Formulas fitted from default starts, against the best of 32 starts of SciPy's trust region, which begin within a factor of three of
/// the coefficients that made the runs.
/// </summary>
internal static class StartsExperiment
{
    private const int SciPyStarts = 32;
    private const double Noise = 0.002;

    /// <summary>A law with the coefficients that make its runs.</summary>
    private sealed record Case(string Name, string Formula, IReadOnlyDictionary<string, double> Truth,
        IReadOnlyList<(string Column, double Low, double High, bool Log)> Columns);

    private static IEnumerable<Case> Cases()
    {
        (string, double, double, bool) n = ("N", 2e7, 5e9, true), d = ("D", 1e9, 3e11, true);
        static Dictionary<string, double> Of(params (string, double)[] values) => values.ToDictionary(v => v.Item1, v => v.Item2);
        yield return new("sigmoid", LawRegister.Find("ladder-accuracy").Formula, Of(("b", 0.25), ("a", 0.6), ("k", 4), ("x0", 2.7)),
            [("L", 2, 3.6, false)]);
        yield return new("R_D*", LawRegister.Find("data-constrained").Formula,
            Of(("E", 1.8), ("A", 480), ("alpha", 0.35), ("B", 2100), ("beta", 0.37), ("RD", 15)), [n, d, ("U", 1e8, 1e10, true)]);
        yield return new("R_D* and R_N*", LawRegister.Find("data-constrained-full").Formula,
            Of(("E", 1.8), ("A", 480), ("alpha", 0.35), ("B", 2100), ("beta", 0.37), ("RD", 15), ("RN", 5)),
            [n, d, ("U", 1e8, 1e10, true)]);
        yield return new("annealing", LawRegister.Find("annealing").Formula, Of(("L0", 2.6), ("A", 0.5), ("alpha", 0.5), ("C", 0.15)),
            [("S1", 0.05, 10, true), ("S2", 0, 1.5, false)]);
        yield return new("ten parameters", "E + A*N^-alpha + B*D^-beta + c*(1-S)^k + d*(1-S)^delta*N^-0.2 + e*log(N)",
            Of(("E", 1.5), ("A", 480), ("alpha", 0.35), ("B", 2100), ("beta", 0.37), ("c", 0.3), ("k", 0.8), ("d", 5), ("delta", -0.5),
                ("e", 0.01)), [n, d, ("S", 0, 0.95, false)]);
        yield return new("Farseer (nine)", LawRegister.Find("farseer").Formula,
            Of(("a3", 2.0), ("g3", -0.05), ("b3", -0.2), ("a2", 88), ("g2", -0.15), ("b2", 5.5), ("a1", -0.3), ("g1", 0.06),
                ("b1", 0.05)), [n, d]);
    }

    /// <summary>Prints a line for each law.</summary>
    public static void Run(ulong seed)
    {
        foreach (var law in Cases())
        {
            var table = Table(law, seed, out var text);
            var bounds = LawRegister.All.FirstOrDefault(l => l.Formula == law.Formula)?.Bounds ?? [];
            var fit = FormulaReport.Run(table, "y", law.Formula,
                new FormulaReportOptions { Parameters = bounds.ToDictionary(b => b.Name) }).Fit;
            string peer = BestOfPeer(law, table, text, seed) is { } s
                ? $"SciPy's best of {SciPyStarts} {s:G10}: {(fit.Objective <= s * (1 + 1e-6) ? "ours is as low" : "OURS IS HIGHER")} "
                    + string.Create(CultureInfo.InvariantCulture, $"({fit.Objective / s - 1:+0.0e+0;-0.0e+0})")
                : "no SciPy here";
            Console.WriteLine($"{law.Name,-16} {fit.Names.Count,2} parameters, {fit.StartsAtMinimum} of {fit.Starts} descents at "
                + $"{fit.Objective:G10} ({fit.End}); {peer}");
        }
    }

    private static RunTable Table(Case law, ulong seed, out FormulaText text)
    {
        const int Rows = 150;
        var random = new Philox(seed, 7);
        double[][] x = [.. law.Columns.Select(c => Enumerable.Range(0, Rows).Select(_ => c.Log
            ? c.Low * Math.Pow(c.High / c.Low, random.NextDouble())
            : c.Low + (c.High - c.Low) * random.NextDouble()).ToArray())];
        text = new FormulaText(law.Formula, [.. law.Columns.Select(c => c.Column)]);
        double[] y = new double[Rows];
        double[][] ordered = [.. text.Regressors.Select(r => x[law.Columns.ToList().FindIndex(c => c.Column == r)])];
        new FormulaProgram(text, ordered, Rows).Evaluate([.. text.Parameters.Select(p => law.Truth[p])], 0, y, default);
        for (int i = 0; i < Rows; i++) y[i] *= Math.Exp(Noise * random.NextNormal());
        return new RunTable(law.Name, [.. law.Columns.Select((c, k) => new RunColumn(c.Column, x[k])), new RunColumn("y", y)]);
    }

    private static double? BestOfPeer(Case law, RunTable table, FormulaText text, ulong seed)
    {
        string folder = Directory.CreateTempSubdirectory("autopeft-starts-").FullName;
        string runs = Path.Combine(folder, "runs.csv"), starts = Path.Combine(folder, "starts.csv");
        static string Line(IEnumerable<double> v) => string.Join(',', v.Select(q => q.ToString("R", CultureInfo.InvariantCulture)));
        File.WriteAllLines(runs, [string.Join(',', table.Columns.Select(c => c.Name)),
            .. Enumerable.Range(0, table.RowCount).Select(i => Line(table.Columns.Select(c => c.Numbers![i])))]);
        var random = new Philox(seed, 8);
        File.WriteAllLines(starts, Enumerable.Range(0, SciPyStarts)
            .Select(_ => Line(text.Parameters.Select(p => law.Truth[p] * Math.Pow(3, 2 * random.NextDouble() - 1)))));
        try
        {
            return SciPy.Run("starts.py", runs, "y", law.Formula, string.Join(',', text.Parameters), starts, "log")
                is { } output ? double.Parse(output, CultureInfo.InvariantCulture) : null;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}
