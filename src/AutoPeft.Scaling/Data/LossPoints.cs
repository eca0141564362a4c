using System.Globalization;

namespace AutoPeft.Scaling.Data;

/// <summary>
/// Runs as a loss law sees them: N, D, final loss, and compute where the source states one. Immutable; arrays of equal length.
/// </summary>
public sealed class LossPoints
{
    /// <summary>Makes points from arrays of equal length in memory.</summary>
    /// <param name="n">Parameters, positive.</param>
    /// <param name="d">Tokens, positive.</param>
    /// <param name="loss">Final losses, positive and finite.</param>
    /// <param name="rows">Row numbers for messages; null counts from 1.</param>
    /// <param name="notes">What was decided while reading.</param>
    /// <param name="compute">Training compute as stated, FLOP; null where 6·N·D stands for it.</param>
    public LossPoints(double[] n, double[] d, double[] loss, int[]? rows = null, IReadOnlyList<string>? notes = null,
        double[]? compute = null)
    {
        if (n.Length != d.Length || n.Length != loss.Length)
            throw new ScalingDataException($"N, D and loss differ in length: {n.Length}, {d.Length}, {loss.Length}.");
        for (int i = 0; i < n.Length; i++)
            if (!(n[i] > 0 && d[i] > 0 && loss[i] > 0 && double.IsFinite(n[i] * d[i] * loss[i])))
                throw new ScalingDataException(string.Create(CultureInfo.InvariantCulture,
                    $"point {rows?[i] ?? i + 1}: N = {n[i]}, D = {d[i]}, loss = {loss[i]}; all three must be positive, since their "
                        + $"logarithms are taken."));
        (N, D, Loss, Rows, Notes) = (n, d, loss, rows ?? [.. Enumerable.Range(1, n.Length)], notes ?? []);
        Compute = compute ?? [.. n.Select((v, i) => 6 * v * d[i])];
        StatesCompute = compute is not null;
    }

    /// <summary>Model size N of each run, in parameters.</summary>
    public double[] N { get; }
    /// <summary>Training tokens D of each run.</summary>
    public double[] D { get; }
    /// <summary>Final loss of each run, in <see cref="Unit"/>.</summary>
    public double[] Loss { get; }
    /// <summary>Training compute, FLOP: as stated, else 6·N·D.</summary>
    public double[] Compute { get; }
    /// <summary>Whether the source states compute beside N and D.</summary>
    public bool StatesCompute { get; }
    /// <summary>What the losses are measured in. Default: nats per token.</summary>
    public LossUnit Unit { get; init; }
    /// <summary>Row numbers in the source.</summary>
    public int[] Rows { get; }
    /// <summary>What was decided while the points were read, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }
    /// <summary>What to look into before trusting a fit of these points.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
    /// <summary>Columns of the source that are no quantity of the law, at these points: what may split it.</summary>
    public IReadOnlyList<RunColumn> Others { get; init; } = [];
    /// <summary>Number of runs that the points stand for.</summary>
    public int Count => N.Length;

    /// <summary>The unit of the losses in words, such as "nats per token".</summary>
    public string UnitName => Unit switch { LossUnit.BitsPerByte => "bits per byte", LossUnit.Bits => "bits", _ => "nats per token" };

    /// <summary>The points at the given indices (repeats allowed).</summary>
    public LossPoints Take(IEnumerable<int> indices)
    {
        var ix = indices.ToArray();
        return new LossPoints([.. ix.Select(i => N[i])], [.. ix.Select(i => D[i])], [.. ix.Select(i => Loss[i])],
            [.. ix.Select(i => Rows[i])], Notes,
            StatesCompute ? [.. ix.Select(i => Compute[i])] : null)
        {
            Unit = Unit,
            Warnings = Warnings,
            Others = [.. Others.Select(c => c.Numbers is { } v
                ? new RunColumn(c.Name, [.. ix.Select(i => v[i])])
                : new RunColumn(c.Name, [.. ix.Select(i => c.Texts![i])]))],
        };
    }

    /// <summary>Reads points out of a table that has any two of N, D and C, and a loss.</summary>
    /// <param name="table">The runs.</param>
    /// <param name="choice">Columns and units.</param>
    /// <param name="dropHighest">
    /// How many points of highest loss to leave out. Null: 5 for Epoch AI's points of Hoffmann et al. (245 rows recognised by their
    /// losses), whose published refits leave those out, and 0 for any other table.
    /// </param>
    public static LossPoints From(RunTable table, ColumnChoice? choice = null, int? dropHighest = null)
    {
        choice ??= new ColumnChoice();
        var notes = new List<string>();
        table = LearningCurves.FinalRows(table, choice, notes);
        var resolver = new ColumnResolver(table, choice);
        var loss = resolver.Require(ColumnRole.Loss, "--loss-column").Column;
        var (n, d, compute) = ModelAndData.Resolve(table, resolver, Architecture.Find(table), notes);
        Positive.CheckLoss(table, loss);
        Positive.CheckUnits(table, n, d);
        if (compute is { } c) Positive.CheckCompute(table, c.Name, n, d, c.Values);
        var kept = LossRows.Usable(table, loss, notes);
        int drop = dropHighest ?? (IsEpochExtraction(loss.Numbers!) ? 5 : 0);
        if (drop > 0)
        {
            var gone = kept.OrderByDescending(i => loss.Numbers![i]).Take(drop).ToHashSet();
            notes.Add($"the {drop} points of highest loss were left out (rows {string.Join(", ", gone.Order().Select(table.RowNumber))})"
                + (dropHighest is null ? ": these are Epoch AI's points of Hoffmann et al., and the published refits leave them out" : ""));
            kept.RemoveAll(gone.Contains);
        }
        var warnings = new List<string>();
        kept = LossRows.Tuned(table, resolver, n, d, loss, kept, notes);
        kept = LossRows.Distinct(table, n, d, loss, kept, notes, warnings);
        var all = new LossPoints(n, d, [.. loss.Numbers!.Select(v => v > 0 && double.IsFinite(v) ? v : 1)],
            [.. Enumerable.Range(0, n.Length).Select(table.RowNumber)], notes, compute?.Values)
        {
            Unit = LossRows.UnitOf(loss.Name),
            Warnings = warnings,
            Others = [.. table.Columns.Where(x => !resolver.Uses(x) && !x.Name.Contains("loss", StringComparison.OrdinalIgnoreCase))],
        };
        return all.Take(kept);
    }

    private static bool IsEpochExtraction(double[] loss)
    {
        ReadOnlySpan<double> top = [5.005582, 4.665232, 3.793872, 3.765563, 3.446995];
        if (loss.Length != 245 || loss.Any(double.IsNaN)) return false;
        var highest = loss.OrderDescending().Take(5).ToArray();
        for (int i = 0; i < 5; i++)
            if (Math.Abs(highest[i] - top[i]) > 1e-4) return false;
        return true;
    }
}
