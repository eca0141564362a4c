using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>Which rows of a table a loss law may use: finite losses that a model can have, each run once.</summary>
internal static class LossRows
{
    /// <summary>Losses of one run logged twice agree to so much, relatively.</summary>
    private const double SameLoss = 1e-6;
    /// <summary>So many settings of learning rate and batch size at one (N, D) are a sweep of them.</summary>
    private const int SettingsOfSweep = 3;
    /// <summary>Runs of one (N, D) that differ by more than this, relatively, are hardly repeats of one recipe.</summary>
    private const double FarApart = 0.05;

    public static LossUnit UnitOf(string name)
    {
        string plain = name.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        return plain.Contains("bpb", StringComparison.Ordinal)
            || plain.Contains("bitsperbyte", StringComparison.Ordinal) ? LossUnit.BitsPerByte
            : plain.Contains("bpc", StringComparison.Ordinal) || plain.Contains("bitsper", StringComparison.Ordinal) ? LossUnit.Bits
            : LossUnit.Nats;
    }

    /// <summary>Rows with a loss that a model can have.</summary>
    public static List<int> Usable(RunTable table, RunColumn loss, List<string> notes)
    {
        double[] v = loss.Numbers!;
        var finite = Enumerable.Range(0, v.Length).Where(i => double.IsFinite(v[i])).ToList();
        if (finite.Count < v.Length) notes.Add($"{v.Length - finite.Count} runs without a finite loss were left out as diverged");
        if (finite.Count == 0) throw new ScalingDataException($"{table.Source}: no run has a finite loss (column '{loss.Name}').");
        double median = finite.Select(i => v[i]).Order().ElementAt(finite.Count / 2);
        if (median > Positive.LargestLoss)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"{table.Source}: the loss (column '{loss.Name}') has a median of {median:G4}, which no loss in nats or bits has; is it a "
                    + $"perplexity? Give its logarithm."));
        int[] wild = [.. finite.Where(i => v[i] > Positive.LargestLoss)];
        if (wild.Length > 0)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"{ShortList.Rows([.. wild.Select(table.RowNumber)])} left out as diverged: a loss of {v[wild[0]]:G4} is above that of a "
                    + $"uniform guess"));
            finite.RemoveAll(wild.Contains);
        }
        if (finite.Count > 1 && finite.Max(i => v[i]) - finite.Min(i => v[i]) <= 1e-9 * median)
            throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                $"{table.Source}: all {finite.Count} losses are {median:G6} (column '{loss.Name}'); there is nothing to fit. Is it the "
                    + $"right column?"));
        return finite;
    }

    /// <summary>
    /// The best run of each N and D, where a table sweeps learning rates and batch sizes: a loss law is about tuned runs. Rows whose texts
    /// differ are different recipes, except in texts that name runs or spell their learning rate and batch size.
    /// </summary>
    public static List<int> Tuned(RunTable table, ColumnResolver resolver, double[] n, double[] d, RunColumn loss, List<int> rows,
        List<string> notes)
    {
        RunColumn?[] settings = [resolver.Find(ColumnRole.LearningRate)?.Column, resolver.Find(ColumnRole.BatchSize)?.Column];
        string Setting(int i) => string.Join(' ', settings.Select(c => c?.TextAt(i)));
        RunColumn[] texts = [.. table.Columns.Where(c => c.Texts is not null && !NamesRuns(c, rows) && !Spells(c, rows, Setting))];
        int[][] cells = [.. rows
            .GroupBy(i => (n[i], d[i], string.Join('\u001f', texts.Select(c => c.TextAt(i)))))
            .Select(g => g.ToArray())];
        if (!cells.Any(c => c.Select(Setting).Distinct().Count() >= SettingsOfSweep)) return rows;
        int[] best = [.. cells.Select(c => c.MinBy(i => loss.Numbers![i]))];
        notes.Add($"{rows.Count} runs sweep learning rate or batch size at {best.Length} pairs of N and D; the best run of each counts");
        return [.. best.Order()];
    }

    private static bool NamesRuns(RunColumn text, List<int> rows) =>
        rows.Select(text.TextAt).Distinct().Count() * 2 > rows.Count;

    private static bool Spells(RunColumn text, List<int> rows, Func<int, string> setting)
    {
        int settings = rows.Select(setting).Distinct().Count();
        return settings >= SettingsOfSweep && rows.Select(text.TextAt).Distinct().Count() == settings
            && rows.Select(i => (text.TextAt(i), setting(i))).Distinct().Count() == settings;
    }

    /// <summary>Each run once: rows of the same N, D and loss count once; the same (N, D) with losses far apart is told.</summary>
    public static List<int> Distinct(RunTable table, double[] n, double[] d, RunColumn loss, List<int> rows, List<string> notes,
        List<string> warnings)
    {
        double[] v = loss.Numbers!;
        var again = new HashSet<int>();
        var apart = new List<(int Low, int High)>();
        foreach (var cell in rows.GroupBy(i => (n[i], d[i])).Where(g => g.Count() > 1))
        {
            int[] order = [.. cell.OrderBy(i => v[i])];
            for (int k = 1; k < order.Length; k++)
                if (v[order[k]] - v[order[k - 1]] <= SameLoss * v[order[k]]) again.Add(Math.Max(order[k], order[k - 1]));
            if (v[order[^1]] > v[order[0]] * (1 + FarApart)) apart.Add((order[0], order[^1]));
        }
        if (again.Count > 0)
            notes.Add($"{again.Count} {(again.Count == 1 ? "row repeats a run" : "rows repeat runs")} (same N, D and loss) and count once: "
                + $"{ShortList.Rows([.. again.Order().Select(table.RowNumber)])}");
        if (apart.Count > 0)
        {
            var (low, high) = apart.MaxBy(p => v[p.High] / v[p.Low]);
            warnings.Add(string.Create(CultureInfo.InvariantCulture,
                $"{apart.Count} {(apart.Count == 1 ? "pair" : "pairs")} of N and D {(apart.Count == 1 ? "has" : "have")} losses more than "
                    + $"5 % apart (rows {table.RowNumber(low)} and {table.RowNumber(high)}: {v[low]:G4} and {v[high]:G4}): are different "
                    + $"recipes or data in one table? Use --group-by or --where"));
        }
        return again.Count == 0 ? rows : [.. rows.Where(i => !again.Contains(i))];
    }
}
