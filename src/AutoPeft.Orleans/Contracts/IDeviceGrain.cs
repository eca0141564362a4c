using AutoPeft.Running;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Contracts;

/// <summary>
/// A device slot of one silo; the key is a <see cref="DeviceKey"/>. It exists on that silo or nowhere, and it alone knows whether the slot is free, so that a slot is never given twice.
/// While it is free it asks the studies that run for a trial.
/// </summary>
[Alias("AutoPeft.Device")]
public interface IDeviceGrain : IGrainWithStringKey
{
    /// <summary>There may be something to run.</summary>
    [Alias("Wake"), OneWay]
    Task WakeAsync();

    /// <summary>Whether the slot is held for this attempt.</summary>
    [Alias("Holds")]
    Task<bool> HoldsAsync(string study, int number, int attempt);

    /// <summary>Stops the trial's attempt on this slot; the trial waits to be run again. False where none runs.</summary>
    [Alias("Stop")]
    Task<bool> StopAsync(string study, int number, string reason);

    /// <summary>The slot, and what is on it.</summary>
    [Alias("Get")]
    Task<DeviceSnapshot> GetAsync();
}

/// <summary>A free slot that looks for a trial.</summary>
/// <param name="Device">Key of the device's grain.</param>
/// <param name="Kind">"cpu" or "cuda".</param>
/// <param name="Worker">Who will run it, as the log names it.</param>
[GenerateSerializer, Immutable, Alias("AutoPeft.DeviceOffer")]
public sealed record DeviceOffer([property: Id(0)] string Device, [property: Id(1)] string Kind, [property: Id(2)] string Worker);

/// <summary>A slot, and what is on it.</summary>
/// <param name="Device">Key of the device's grain.</param>
/// <param name="Kind">"cpu" or "cuda".</param>
/// <param name="Threads">Thread budget of its worker.</param>
/// <param name="Study">The study whose trial holds it; null while it is free.</param>
/// <param name="Trial">That trial's number.</param>
[GenerateSerializer, Immutable, Alias("AutoPeft.DeviceSnapshot")]
public sealed record DeviceSnapshot([property: Id(0)] string Device, [property: Id(1)] string Kind, [property: Id(2)] int Threads, [property: Id(3)] string? Study, [property: Id(4)] int Trial);

/// <summary>Names a slot in the cluster: the silo's address, which no later silo ever has again, and the slot's name: "10.0.0.7:11111@136482/cuda:1".</summary>
public static class DeviceKey
{
    /// <summary>The key of a slot.</summary>
    public static string Of(SiloAddress silo, DeviceSlot slot) => $"{silo.ToParsableString()}/{slot}";

    /// <summary>The silo that a key names.</summary>
    /// <exception cref="FormatException">It is no key.</exception>
    public static SiloAddress SiloOf(string key) => SiloAddress.FromParsableString(SiloTextOf(key));

    /// <summary>The silo's address as text.</summary>
    public static string SiloTextOf(string key) => key.LastIndexOf('/') is > 0 and var slash ? key[..slash] : throw new FormatException($"'{key}' names no device slot.");

    /// <summary>How the log names who runs on a silo's slots: machine and silo, "node7/10.0.0.7:11111@136482".</summary>
    public static string WorkerOf(SiloAddress silo) => $"{Environment.MachineName}/{silo.ToParsableString()}";

    /// <summary>The silo in a worker's name, as text; of a worker that is no silo, what stands behind its last slash.</summary>
    public static string SiloTextOfWorker(string worker) => worker[(worker.LastIndexOf('/') + 1)..];

    /// <summary>The slot's name on its silo: "cuda:1".</summary>
    public static string SlotOf(string key) => key[(key.LastIndexOf('/') + 1)..];
}
