using System.Text.Json;
using AutoPeft.Running;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Orleans.Contracts;

/// <summary>A trial to run; <see cref="TrialAssignment"/> as it travels. The slot is the asker's own and does not.</summary>
/// <param name="Id">Trial and attempt that the worker is to run.</param>
/// <param name="Values">The configuration as <see cref="SpaceJson.WriteValues"/> writes it.</param>
/// <param name="Seed">Seed of the trial's randomness, the same for every attempt.</param>
/// <param name="ResumeFrom">The step of the checkpoint that the trial goes on from; null for none.</param>
/// <param name="Parent">Number of the trial whose checkpoint this one goes on from; null where it is no other trial's.</param>
/// <param name="ParentStep">The step of the parent's checkpoint.</param>
/// <param name="Alone">Whether the trial has its device to itself.</param>
/// <param name="KeepsFrom">Earliest step whose checkpoints the host keeps; null where trials resume from their own alone.</param>
[GenerateSerializer, Immutable, Alias("autopeft.order")]
public sealed record TrialOrder(
    [property: Id(0)] AttemptId Id, [property: Id(1)] string Values, [property: Id(2)] ulong Seed, [property: Id(3)] long? ResumeFrom,
    [property: Id(4)] int? Parent, [property: Id(5)] long ParentStep, [property: Id(6)] bool Alone, [property: Id(7)] long? KeepsFrom)
{
    /// <summary>The order that says what an assignment says.</summary>
    public static TrialOrder Of(TrialAssignment t) =>
        new(t.Id, SpaceJson.ToText(t.Configuration), t.Seed, t.ResumeFrom, t.Parent?.Number, t.Parent?.Step ?? 0, t.Alone, t.KeepsFrom);

    /// <summary>The assignment on a slot, its configuration in <paramref name="space"/>.</summary>
    public TrialAssignment On(SearchSpace space, DeviceSlot slot)
    {
        using JsonDocument values = JsonDocument.Parse(Values);
        TrialParent? parent = Parent is { } number ? new TrialParent(number, ParentStep) : null;
        return new TrialAssignment(Id.Trial, SpaceJson.ReadValues(space, values.RootElement), Seed, Id.Attempt, slot, null, ResumeFrom,
            parent)
        { Alone = Alone, KeepsFrom = KeepsFrom };
    }
}
