namespace AutoPeft.Running;

/// <summary>What a study answers to the end of an attempt.</summary>
/// <param name="Counts">
/// Whether the attempt counts: true also if this end was recorded before and only its answer was lost; false if another attempt superseded
/// this one, whose end is then not recorded.
/// </param>
/// <param name="KeepsFrom">The earliest step whose checkpoints other trials may still start from; null where trials go on from no
/// checkpoint but their own.</param>
public sealed record EndReceipt(bool Counts, long? KeepsFrom)
{
    /// <summary>
    /// Number of trials that the study had made when it answered. <see cref="KeepsFrom"/> is about the checkpoints of these alone: a host
    /// may act on an answer late, when trials of a next population have checkpoints of early steps again. Default 0: of no trial.
    /// </summary>
    public int Trials { get; init; }
}
