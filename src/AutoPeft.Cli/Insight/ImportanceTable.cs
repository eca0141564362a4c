using System.Globalization;
using AutoPeft.Analysis.Importance;
using Spectre.Console;

namespace AutoPeft.Cli.Insight;

/// <summary>Prints what a study teaches about one objective.</summary>
internal static class ImportanceTable
{
    /// <summary>Pairs that are printed; all are in the JSON form.</summary>
    private const int MostPairs = 5;

    private const int BarWidth = 20;

    public static void Print(ImportanceReport r)
    {
        string by = r.Method == ImportanceMethod.Formula ? $"by {r.MethodName}" : $"{r.MethodName} of {r.Trials} trials";
        string trust = r.Explained is { } e ? $"; the model predicts {Percent(e)} of the variance of trials it has not seen" : "";
        Console.Out.WriteLine(
            $"{r.Objective}: {by}{trust}; shares of the variance of {(r.IsLogarithmic ? "its logarithm" : "its values")} over the space");
        foreach (string limit in r.Limits) Console.Out.WriteLine($"  {limit}");
        if (r.Explained < 0.5) Console.Out.WriteLine("  That is little: more trials, or less noise, before these numbers mean much.");
        Table table = new Table().Border(TableBorder.Simple).AddColumn("parameter").AddColumn(new TableColumn("alone").RightAligned())
            .AddColumn(new TableColumn("95 %").RightAligned());
        if (r.Method != ImportanceMethod.PedAnova) table.AddColumn(new TableColumn("in all").RightAligned());
        table.AddColumn("");
        foreach (ParameterImportance p in r.Parameters)
        {
            List<Text> row = [new(p.Parameter), new(Percent(p.Main.Value)), new(Interval(p.Main))];
            if (r.Method != ImportanceMethod.PedAnova) row.Add(new(Percent(p.Total ?? double.NaN)));
            row.Add(new(new string('█', (int)Math.Round(BarWidth * p.Main.Value))));
            table.AddRow(row);
        }
        AnsiConsole.Write(table);
        ParameterInteraction[] pairs = [.. r.Interactions.Where(i => i.Share.Value >= 0.005).Take(MostPairs)];
        if (pairs.Length > 0)
            Console.Out.WriteLine("  together, beyond alone: "
                + string.Join("; ",
                    pairs.Select(i => $"{i.First} × {i.Second} {Percent(i.Share.Value)} {(double.IsNaN(i.Share.Low)
                        ? ""
                        : $"({Interval(i.Share)})")}".TrimEnd())));
        if (r.Switches.Length > 0) Switches(r);
        Console.Out.WriteLine();
    }

    /// <summary>What turning each switch on changes: which layers matter.</summary>
    private static void Switches(ImportanceReport r)
    {
        double widest = r.Switches.Max(s => Math.Abs(s.Effect.Value));
        Table table = new Table().Border(TableBorder.Simple).AddColumn("turned on")
            .AddColumn(new TableColumn(Markup.Escape($"{r.Objective} changes {(r.IsLogarithmic ? "by the factor" : "by")}")).RightAligned())
            .AddColumn(new TableColumn("95 %").RightAligned()).AddColumn("");
        foreach (SwitchEffect s in r.Switches)
        {
            int length = widest > 0 ? (int)Math.Round(BarWidth / 2.0 * Math.Abs(s.Effect.Value) / widest) : 0;
            string bar = s.Effect.Value < 0
                ? new string(' ', BarWidth / 2 - length) + new string('█', length) + "│"
                : new string(' ', BarWidth / 2) + "│" + new string('█', length);
            table.AddRow(new Text(s.Parameter), new Text(Number(s.Effect.Value)),
                new Text(double.IsNaN(s.Effect.Low) ? "" : $"{Number(s.Effect.Low)} – {Number(s.Effect.High)}"), new Text(bar));
        }
        AnsiConsole.Write(table);
    }

    private static string Interval(IntervalEstimate e) => double.IsNaN(e.Low) ? "" : $"{Percent(e.Low)} – {Percent(e.High)}";

    private static string Percent(double share) =>
        double.IsNaN(share) ? "" : (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
