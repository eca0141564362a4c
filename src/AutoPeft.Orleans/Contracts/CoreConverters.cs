using AutoPeft.Running;
using AutoPeft.Scheduling;

namespace AutoPeft.Orleans.Contracts;

/// <summary><see cref="AttemptId"/> as it travels.</summary>
[GenerateSerializer, Immutable]
internal struct AttemptIdSurrogate
{
    [Id(0)] public int Trial;
    [Id(1)] public int Attempt;
}

/// <summary><see cref="Decision"/> as it travels.</summary>
[GenerateSerializer, Immutable]
internal struct DecisionSurrogate
{
    [Id(0)] public int Number;
}

/// <summary><see cref="EndReceipt"/> as it travels.</summary>
[GenerateSerializer, Immutable]
internal struct EndReceiptSurrogate
{
    [Id(0)] public bool Counts;
    [Id(1)] public long? KeepsFrom;
    [Id(2)] public int Trials;
}

[RegisterConverter]
internal sealed class EndReceiptConverter : IConverter<EndReceipt, EndReceiptSurrogate>
{
    public EndReceipt ConvertFromSurrogate(in EndReceiptSurrogate surrogate) =>
        new(surrogate.Counts, surrogate.KeepsFrom) { Trials = surrogate.Trials };

    public EndReceiptSurrogate ConvertToSurrogate(in EndReceipt value) =>
        new() { Counts = value.Counts, KeepsFrom = value.KeepsFrom, Trials = value.Trials };
}

[RegisterConverter]
internal sealed class AttemptIdConverter : IConverter<AttemptId, AttemptIdSurrogate>
{
    public AttemptId ConvertFromSurrogate(in AttemptIdSurrogate surrogate) => new(surrogate.Trial, surrogate.Attempt);

    public AttemptIdSurrogate ConvertToSurrogate(in AttemptId value) => new() { Trial = value.Trial, Attempt = value.Attempt };
}

[RegisterConverter]
internal sealed class DecisionConverter : IConverter<Decision, DecisionSurrogate>
{
    public Decision ConvertFromSurrogate(in DecisionSurrogate surrogate) => (Decision)surrogate.Number;

    public DecisionSurrogate ConvertToSurrogate(in Decision value) => new() { Number = (int)value };
}
