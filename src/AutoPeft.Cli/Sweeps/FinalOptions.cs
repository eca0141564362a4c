namespace AutoPeft.Cli.Sweeps;

/// <summary>How a front is evaluated at the end.</summary>
/// <param name="Seeds">Repeats of each row, at most; each under a seed that the search did not use.</param>
internal sealed record FinalOptions(int Seeds)
{
    /// <summary>
    /// The learning rates that every row is tried at, ascending, before the one with the best dev score is scored on test; null: four that
    /// follow from the model's width, and further ones for a row that does best at the lowest or highest of them. Rows whose configurations have a learning rate keep theirs.
    /// </summary>
    public IReadOnlyList<double>? Rates { get; init; }

    /// <summary>Another task than the search's; null: the search's own.</summary>
    public string? Task { get; init; }

    /// <summary>Runs in all that a race may take; null: every repeat of every row.</summary>
    public int? Race { get; init; }
}
