namespace AutoPeft.Orleans.Contracts;

/// <summary>How a study stands: records of its log, budget, and trials by state.</summary>
/// <param name="Records">Number of records in the study's log.</param>
/// <param name="Budget">Trials to run in all; null where that is open.</param>
/// <param name="Proposed">Number of trials proposed so far.</param>
/// <param name="Running">Number of trials that run now.</param>
/// <param name="Waiting">Trials that wait for a slot.</param>
/// <param name="Finished">Trials that ended in whichever way.</param>
/// <param name="IsHeld">Whether a person holds the study.</param>
[GenerateSerializer, Immutable, Alias("autopeft.status")]
public sealed record StudyStatus(
    [property: Id(0)] long Records, [property: Id(1)] int? Budget, [property: Id(2)] int Proposed, [property: Id(3)] int Running,
        [property: Id(4)] int Waiting, [property: Id(5)] int Finished,
    [property: Id(6)] bool IsHeld);
