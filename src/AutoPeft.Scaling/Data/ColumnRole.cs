namespace AutoPeft.Scaling.Data;

/// <summary>What a column means to a fit.</summary>
public enum ColumnRole
{
    /// <summary>Model size N in parameters (non-embedding, or total for mixtures of experts).</summary>
    Params,
    /// <summary>Training tokens D of each run.</summary>
    Tokens,
    /// <summary>Training compute C in floating-point operations.</summary>
    Compute,
    /// <summary>The loss in nats per token.</summary>
    Loss,
    /// <summary>Peak learning rate of each run.</summary>
    LearningRate,
    /// <summary>The batch size, in sequences or tokens.</summary>
    BatchSize,
    /// <summary>Length of a training sequence, in tokens.</summary>
    SequenceLength,
    /// <summary>Optimiser steps that each run made.</summary>
    Steps,
}

/// <summary>
/// Columns and units as a person states them; whatever is left null is recognised from the header.
/// </summary>
public sealed record ColumnChoice
{
    /// <summary>Column names by role. Roles left out are recognised by their usual spellings.</summary>
    public IReadOnlyDictionary<ColumnRole, string> Names { get; init; } = new Dictionary<ColumnRole, string>();

    /// <summary>
    /// Factor that turns the N column into parameters (1e9 where the column counts billions). Null: from the header, else 1.
    /// </summary>
    public double? ParamsUnit { get; init; }

    /// <summary>Factor that turns the D column into tokens. Null: from the header, else 1.</summary>
    public double? TokensUnit { get; init; }

    /// <summary>Factor that turns the C column into FLOP (8.64e19 for petaflop-days). Null: from the header, else 1.</summary>
    public double? ComputeUnit { get; init; }

    /// <summary>
    /// Unit of the batch size. Null: worked out from D/(batch·steps) where the table allows, else from the header and magnitudes.
    /// </summary>
    public BatchUnit? BatchUnit { get; init; }

    /// <summary>Tokens per sequence, for batches counted in sequences. Null: from the table, else 2048 (Step Law's).</summary>
    public double? SequenceLength { get; init; }

    /// <summary>Whether every checkpoint of a run counts as a run of its own. Default: no, the last one stands for the run.</summary>
    public bool KeepCheckpoints { get; init; }

    /// <summary>
    /// Columns that tell grids of one (N, D) apart. Null: found when one (N, D) holds repeated (lr, batch) cells. Empty: none.
    /// </summary>
    public IReadOnlyList<string>? GridBy { get; init; }
}

/// <summary>How a batch size is counted.</summary>
public enum BatchUnit
{
    /// <summary>Sequences; multiply by the sequence length for tokens.</summary>
    Sequences,
    /// <summary>Batch sizes are counted in tokens.</summary>
    Tokens,
}
