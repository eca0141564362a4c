using AutoPeft.Orleans.Contracts;
using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace AutoPeft.Orleans.Grains;

/// <summary>Places a device's grain on the silo that its key names.</summary>
[GenerateSerializer, Immutable, Alias("AutoPeft.SlotPlacement")]
internal sealed class SlotPlacement : PlacementStrategy;

/// <summary>Marks a grain whose key is a <see cref="DeviceKey"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SlotPlacementAttribute() : PlacementAttribute(new SlotPlacement());

/// <summary>The silo that has the slot, or none: a device does not move to another machine because its own is gone.</summary>
internal sealed class SlotPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        string key = target.GrainIdentity.Key.ToString()!;
        SiloAddress silo = DeviceKey.SiloOf(key);
        return context.GetCompatibleSilos(target).Contains(silo) ? Task.FromResult(silo) : throw new SiloUnavailableException($"The silo of device {key} is gone.");
    }
}
