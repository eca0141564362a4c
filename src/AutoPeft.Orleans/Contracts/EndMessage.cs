using System.Collections.Immutable;
using AutoPeft.Running;

namespace AutoPeft.Orleans.Contracts;

/// <summary>How an attempt ended; <see cref="AttemptEnd"/> as it travels.</summary>
/// <param name="Kind">Name of the kind of end, such as completed or failed.</param>
/// <param name="Text">Error or reason of the end, where the end has one.</param>
/// <param name="Outcome">Values that were measured, where the trial completed.</param>
/// <param name="Step">Step at which the trial left its device.</param>
/// <param name="Flag">Whether the trial was paused, or ran out of memory beside others.</param>
[GenerateSerializer, Immutable, Alias("autopeft.ending")]
public sealed record EndMessage([property: Id(0)] string Kind, [property: Id(1)] string Text, [property: Id(2)] OutcomeMessage? Outcome,
    [property: Id(3)] long Step, [property: Id(4)] bool Flag)
{
    /// <summary>Makes the message that carries an attempt's end.</summary>
    public static EndMessage Of(AttemptEnd end) => end switch
    {
        AttemptEnd.CompletedEnd e =>
            new(nameof(AttemptEnd.CompletedEnd), "", new OutcomeMessage(e.Outcome.Values, e.Outcome.Outcomes, e.Outcome.Metrics), 0, false),
        AttemptEnd.FailedEnd e => new(nameof(AttemptEnd.FailedEnd), e.Error, null, 0, false),
        AttemptEnd.OutOfMemory e => new(nameof(AttemptEnd.OutOfMemory), e.Error, null, 0, e.Beside),
        AttemptEnd.LeftEnd e => new(nameof(AttemptEnd.LeftEnd), "", null, e.Step, e.Paused),
        AttemptEnd.LostEnd e => new(nameof(AttemptEnd.LostEnd), e.Reason, null, 0, false),
        AttemptEnd.InterruptedEnd e => new(nameof(AttemptEnd.InterruptedEnd), e.Reason, null, 0, false),
        _ => throw new ArgumentOutOfRangeException(nameof(end)),
    };

    /// <summary>Reads the attempt's end back from the message.</summary>
    public AttemptEnd ToEnd() => Kind switch
    {
        nameof(AttemptEnd.CompletedEnd) =>
            new AttemptEnd.CompletedEnd(new TrialOutcome(Outcome!.Values, Outcome.Outcomes, Outcome.Metrics)),
        nameof(AttemptEnd.FailedEnd) => new AttemptEnd.FailedEnd(Text),
        nameof(AttemptEnd.OutOfMemory) => new AttemptEnd.OutOfMemory(Text, Flag),
        nameof(AttemptEnd.LeftEnd) => new AttemptEnd.LeftEnd(Step, Flag),
        nameof(AttemptEnd.LostEnd) => new AttemptEnd.LostEnd(Text),
        nameof(AttemptEnd.InterruptedEnd) => new AttemptEnd.InterruptedEnd(Text),
        _ => throw new InvalidInputException($"A silo of another version speaks of an end '{Kind}'; run one version in a cluster."),
    };
}

/// <summary><see cref="TrialOutcome"/> as it travels.</summary>
/// <param name="Values">Value of each objective, in the objectives' own units and order.</param>
/// <param name="Outcomes">Measured value of each outcome constraint, in the study's order.</param>
/// <param name="Metrics">Further measurements of the trial, by name.</param>
[GenerateSerializer, Immutable, Alias("autopeft.outcome")]
public sealed record OutcomeMessage(
    [property: Id(0)] ImmutableArray<double> Values, [property: Id(1)] ImmutableArray<double> Outcomes,
        [property: Id(2)] ImmutableSortedDictionary<string, double> Metrics);
