using AutoPeft.Running;

namespace AutoPeft.Orleans.Contracts;

/// <summary>What a study answers to a free slot; <see cref="NextTrial"/> as it travels.</summary>
/// <param name="Trial">Trial that the slot is to run; null if there is nothing for the slot now.</param>
/// <param name="IsFinished">Whether nothing is left to run and nothing is running.</param>
/// <param name="Reason">Why the study ended before its budget was used up; else null.</param>
[GenerateSerializer, Immutable, Alias("autopeft.next")]
public sealed record NextAnswer([property: Id(0)] TrialOrder? Trial, [property: Id(1)] bool IsFinished, [property: Id(2)] string? Reason)
{
    /// <summary>Number of records that the study's log had when the study answered.</summary>
    [Id(3)]
    public long Records { get; init; }

    /// <summary>The answer of a session.</summary>
    internal static NextAnswer Of(NextTrial next) => new(next.Trial is { } t ? TrialOrder.Of(t) : null, next.IsFinished, next.Reason)
    { Records = next.Records };
}
