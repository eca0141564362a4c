namespace AutoPeft.Scaling.Data;

/// <summary>One finished run of a learning-rate and batch-size sweep.</summary>
/// <param name="Row">Row number in the source, for messages.</param>
/// <param name="Params">Model size N of the run, in parameters.</param>
/// <param name="Tokens">Training tokens D of the run.</param>
/// <param name="LearningRate">Peak learning rate as the source spells it.</param>
/// <param name="LearningRateLevel">The level that spelling belongs to.</param>
/// <param name="BatchTokens">Batch size of the run, in tokens.</param>
/// <param name="BatchLevel">The level of the batch size, in tokens.</param>
/// <param name="Loss">Final loss, nats per token; may be NaN or infinite for a diverged run.</param>
/// <param name="Grid">Key of the grid that the run belongs to.</param>
public sealed record SweepRun(
    int Row, double Params, double Tokens, double LearningRate, double LearningRateLevel, double BatchTokens, double BatchLevel,
    double Loss, string Grid)
{
    /// <summary>Whether the run diverged: no finite loss, or one far above its grid's minimum.</summary>
    public bool Diverged { get; init; }
}

/// <summary>All runs at one (N, D) (and one architecture variant, where the table holds several). Immutable.</summary>
public sealed class SweepGrid
{
    private readonly Dictionary<(double, double), double> _cells;

    internal SweepGrid(string key, IReadOnlyList<SweepRun> runs, double? deepSeekModelScale)
    {
        Key = key;
        Runs = runs;
        Finite = [.. runs.Where(r => double.IsFinite(r.Loss))];
        Best = Finite.MinBy(r => r.Loss) ?? throw new ScalingDataException($"grid {key}: every run diverged.");
        ModelScale = deepSeekModelScale;
        LearningRates = [.. runs.Select(r => r.LearningRateLevel).Distinct().Order()];
        BatchSizes = [.. runs.Select(r => r.BatchLevel).Distinct().Order()];
        _cells = Finite.GroupBy(r => (r.LearningRateLevel, r.BatchLevel)).ToDictionary(g => g.Key, g => g.Average(r => r.Loss));
    }

    /// <summary>Key, unique among the data's grids.</summary>
    public string Key { get; }
    /// <summary>Model size N of the grid's runs, in parameters.</summary>
    public double Params => Best.Params;
    /// <summary>Training tokens D of the grid's runs.</summary>
    public double Tokens => Best.Tokens;
    /// <summary>Training compute of one run, C = 6·N·D, in FLOP.</summary>
    public double Compute => 6 * Params * Tokens;
    /// <summary>All runs, diverged ones included.</summary>
    public IReadOnlyList<SweepRun> Runs { get; }
    /// <summary>Runs of the grid that ended with a finite loss.</summary>
    public IReadOnlyList<SweepRun> Finite { get; }
    /// <summary>The run of the grid with the least loss.</summary>
    public SweepRun Best { get; }
    /// <summary>The least loss seen. It is biased low: a minimum over noisy runs (winner's curse).</summary>
    public double MinLoss => Best.Loss;
    /// <summary>DeepSeek's model scale M, non-embedding FLOP per token, where the table states depth and width; else null.</summary>
    public double? ModelScale { get; }
    /// <summary>Learning-rate levels, ascending.</summary>
    public IReadOnlyList<double> LearningRates { get; }
    /// <summary>Batch-size levels in tokens, ascending.</summary>
    public IReadOnlyList<double> BatchSizes { get; }

    /// <summary>Mean loss of the runs in a cell, or null where there is none that is finite.</summary>
    public double? LossAt(double learningRateLevel, double batchLevel) =>
        _cells.TryGetValue((learningRateLevel, batchLevel), out var v) ? v : null;

    /// <summary>Cells of learning rate and batch size that hold a finite loss, with that loss.</summary>
    public IEnumerable<((double LearningRate, double BatchTokens) Cell, double Loss)> Cells => _cells.Select(p => (p.Key, p.Value));
}
