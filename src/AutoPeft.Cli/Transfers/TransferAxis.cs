namespace AutoPeft.Cli.Transfers;

/// <summary>What grows between the trainings of a transfer sweep.</summary>
internal enum TransferAxis
{
    /// <summary>The model's width.</summary>
    Width,

    /// <summary>The model's layers.</summary>
    Depth,

    /// <summary>Sequences of an update, at the same number of tokens in all.</summary>
    Batch,

    /// <summary>Tokens in all, in updates of the same size.</summary>
    Tokens,
}
