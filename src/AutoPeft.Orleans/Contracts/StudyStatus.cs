namespace AutoPeft.Orleans.Contracts;

/// <summary>How a study stands.</summary>
/// <param name="Records">Records of its log.</param>
/// <param name="Budget">Trials to run in all; null where that is open.</param>
/// <param name="Proposed">Trials so far.</param>
/// <param name="Running">Trials that run.</param>
/// <param name="Waiting">Trials that wait for a slot.</param>
/// <param name="Finished">Trials that ended in whichever way.</param>
/// <param name="IsHeld">Whether a person holds the study.</param>
[GenerateSerializer, Immutable, Alias("autopeft.status")]
public sealed record StudyStatus(
    [property: Id(0)] long Records, [property: Id(1)] int? Budget, [property: Id(2)] int Proposed, [property: Id(3)] int Running,
        [property: Id(4)] int Waiting, [property: Id(5)] int Finished,
    [property: Id(6)] bool IsHeld);
