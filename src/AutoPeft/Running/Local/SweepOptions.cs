using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AutoPeft.Running;

/// <summary>How attempts run on one machine.</summary>
public sealed record SweepOptions
{
    /// <summary>A trial may take this long; null (the default) for no limit. Past it the trial fails.</summary>
    public TimeSpan? TrialTimeout { get; init; }

    /// <summary>Where each trial gets a directory of its own; null (the default) for none.</summary>
    public string? TrialDirectory { get; init; }

    /// <summary>
    /// Receives what a person may have to know and no record of the log says: reports that are left out, checkpoints that are missing,
    /// exceptions of trials with their stacks. Default: a logger that drops everything.
    /// </summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>
    /// After so many lost workers in a row, with none that came to the end of a trial between them, the machine itself is taken to be
    /// broken, and its host stops. Default 6 and one for each slot: more than two bad trials can cause with three attempts each.
    /// </summary>
    public int LostWorkersInARow { get; init; } = 6;
}
