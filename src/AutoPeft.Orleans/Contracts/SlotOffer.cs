using AutoPeft.Running;

namespace AutoPeft.Orleans.Contracts;

/// <summary>A free slot that asks for a trial.</summary>
/// <param name="Worker">The slot's worker as the log names it: see <see cref="Slots.SlotName"/>.</param>
/// <param name="Kind">Kind of the slot's device: "cpu" or "cuda".</param>
/// <param name="Index">Which one of the machine's slots or GPUs the slot is, from 0.</param>
/// <param name="Threads">Number of threads that the slot's worker may use.</param>
/// <param name="Part">Which of the slots that share one GPU the slot is, from 0.</param>
/// <param name="Span">Number of GPUs that the slot holds.</param>
[GenerateSerializer, Immutable, Alias("autopeft.offer")]
public sealed record SlotOffer(
    [property: Id(0)] string Worker, [property: Id(1)] string Kind, [property: Id(2)] int Index, [property: Id(3)] int Threads,
        [property: Id(4)] int Part, [property: Id(5)] int Span)
{
    /// <summary>The slot that asks for a trial.</summary>
    public DeviceSlot Device => new(Kind, Index, Threads) { Part = Part, Span = Span };

    /// <summary>Makes the offer of a worker's slot.</summary>
    public static SlotOffer Of(string worker, DeviceSlot slot) => new(worker, slot.Kind, slot.Index, slot.Threads, slot.Part, slot.Span);
}
