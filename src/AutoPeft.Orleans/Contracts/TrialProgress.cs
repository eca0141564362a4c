using System.Collections.Immutable;
using AutoPeft.Running;

namespace AutoPeft.Orleans.Contracts;

/// <summary>How far a running attempt is.</summary>
/// <param name="Id">Which attempt.</param>
/// <param name="Worker">Who runs it.</param>
/// <param name="Device">On which slot.</param>
/// <param name="Running">For how long.</param>
/// <param name="Step">The step of its last report; null before the first.</param>
/// <param name="Metrics">What it reported last.</param>
[GenerateSerializer, Immutable, Alias("autopeft.progress")]
public sealed record TrialProgress(
    [property: Id(0)] AttemptId Id, [property: Id(1)] string Worker, [property: Id(2)] string Device, [property: Id(3)] TimeSpan Running,
        [property: Id(4)] long? Step,
    [property: Id(5)] ImmutableSortedDictionary<string, double> Metrics);
