using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>
/// A learning-rate and batch-size sweep, ready to fit: grids of runs in base units, with repeated spellings snapped,
/// diverged runs marked, and a list of what was decided along the way.
/// </summary>
public sealed class SweepData
{
    /// <summary>
    /// A finite loss above this multiple of its grid's minimum counts as diverged. Converged runs of a sweep lie within tens
    /// of per cent of their minimum; runs that blew up end near the unigram entropy, two to four times as high.
    /// </summary>
    public const double DivergenceRatio = 1.5;

    private SweepData(string source, IReadOnlyList<SweepGrid> grids, IReadOnlyList<string> notes)
    {
        Source = source;
        Grids = grids;
        Notes = notes;
    }

    /// <summary>Where the runs came from: usually the path of a file.</summary>
    public string Source { get; }
    /// <summary>Grids of the sweep, ordered by model size N, then by tokens D.</summary>
    public IReadOnlyList<SweepGrid> Grids { get; }
    /// <summary>Plain statements of the columns, units and repairs that were decided.</summary>
    public IReadOnlyList<string> Notes { get; }
    /// <summary>All runs of all grids, diverged ones included.</summary>
    public IEnumerable<SweepRun> Runs => Grids.SelectMany(g => g.Runs);
    /// <summary>Number of runs that diverged.</summary>
    public int DivergedCount => Runs.Count(r => r.Diverged);

    /// <summary>Reads a sweep out of a table.</summary>
    /// <exception cref="ScalingDataException">A column is missing, a value cannot be, or a unit cannot be.</exception>
    public static SweepData From(RunTable table, ColumnChoice? choice = null)
    {
        choice ??= new ColumnChoice();
        var notes = new List<string>();
        var resolver = new ColumnResolver(table, choice);
        var shape = Architecture.Find(table);
        var lr = resolver.Require(ColumnRole.LearningRate, "--lr-column").Column;
        var bs = resolver.Require(ColumnRole.BatchSize, "--bs-column").Column;
        var loss = resolver.Require(ColumnRole.Loss, "--loss-column").Column;
        var steps = resolver.Find(ColumnRole.Steps)?.Column;
        var (n, d, _) = ModelAndData.Resolve(table, resolver, shape, notes);

        Positive.Check(table, lr.Name, lr.Numbers!, "the learning rate");
        Positive.Check(table, bs.Name, bs.Numbers!, "the batch size");
        Positive.CheckLoss(table, loss);
        Positive.CheckUnits(table, n, d);
        int tooHot = Array.FindIndex(lr.Numbers!, v => v >= 10);
        if (tooHot >= 0)
            throw new ScalingDataException($"{table.Source}, row {table.RowNumber(tooHot)}: a learning rate of {Show(lr.Numbers![tooHot])} "
                + $"cannot be (column '{lr.Name}'); is it logged in other units, or a different column?");

        var batch = BatchSizes.InTokens(table, choice, bs, steps, d, resolver.Find(ColumnRole.SequenceLength)?.Column, notes);
        notes.Add($"columns: N, D, learning rate '{lr.Name}', batch size '{bs.Name}', loss '{loss.Name}'");
        var lrLevel = Levels.Snap(lr.Numbers!);
        var bsLevel = Levels.Snap(batch);
        int spellings = lr.Numbers!.Distinct().Count() - lrLevel.Distinct().Count();
        if (spellings > 0) notes.Add($"{spellings} learning rates were second spellings of a level and were snapped to it");

        var keys = GridKeys.Find(table, choice, n, d, lrLevel, bsLevel, [lr.Name, bs.Name, loss.Name, steps?.Name ?? ""], notes);
        var runs = Enumerable.Range(0, table.RowCount)
            .Select(i => (i,
                new SweepRun(table.RowNumber(i), n[i], d[i], lr.Numbers![i], lrLevel[i], batch[i], bsLevel[i], loss.Numbers![i], keys[i])))
            .ToList();
        var grids = new List<SweepGrid>();
        foreach (var g in runs.GroupBy(r => r.Item2.Grid).OrderBy(g => g.First().Item2.Params).ThenBy(g => g.First().Item2.Tokens))
        {
            double min = g.Select(r => r.Item2.Loss).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min();
            if (double.IsNaN(min)) { notes.Add($"grid {g.Key} was left out: every run diverged"); continue; }
            var marked = g.Select(r => r.Item2 with { Diverged = !(r.Item2.Loss <= DivergenceRatio * min) }).ToList();
            grids.Add(new SweepGrid(g.Key, marked, shape?.DeepSeekScale(g.First().i, g.First().Item2.Params)));
        }
        if (grids.Count == 0) throw new ScalingDataException($"{table.Source}: no run has a finite loss.");
        var data = new SweepData(table.Source, grids, notes);
        if (data.DivergedCount > 0)
            notes.Add($"{data.DivergedCount} of {table.RowCount} runs diverged (no finite loss, or more than {Show(DivergenceRatio)} times "
                + $"their grid's minimum)");
        return data;
    }

    private static string Show(double v) => v.ToString("G4", CultureInfo.InvariantCulture);
}
