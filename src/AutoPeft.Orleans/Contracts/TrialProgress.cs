using System.Collections.Immutable;
using AutoPeft.Running;

namespace AutoPeft.Orleans.Contracts;

/// <summary>How far a running attempt is.</summary>
/// <param name="Id">Trial and attempt that run.</param>
/// <param name="Worker">Name of the worker that runs the attempt.</param>
/// <param name="Device">Device slot that the attempt runs on.</param>
/// <param name="Running">Time for which the attempt has run.</param>
/// <param name="Step">The step of its last report; null before the first.</param>
/// <param name="Metrics">Measurements of the attempt's last report, by name.</param>
[GenerateSerializer, Immutable, Alias("autopeft.progress")]
public sealed record TrialProgress(
    [property: Id(0)] AttemptId Id, [property: Id(1)] string Worker, [property: Id(2)] string Device, [property: Id(3)] TimeSpan Running,
        [property: Id(4)] long? Step,
    [property: Id(5)] ImmutableSortedDictionary<string, double> Metrics);
