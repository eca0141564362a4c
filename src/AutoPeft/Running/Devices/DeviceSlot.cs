using System.Globalization;

namespace AutoPeft.Running;

/// <summary>A place that runs one trial at a time.</summary>
/// <param name="Kind">Kind of the device: "cpu" or "cuda".</param>
/// <param name="Index">Which one: of the CPU slots, or of the GPUs that the process sees.</param>
/// <param name="Threads">Thread budget of the worker that holds it: intra-op threads of torch, OpenMP and BLAS together.</param>
public sealed record DeviceSlot(string Kind, int Index, int Threads)
{
    /// <summary>Which of the slots that share one GPU, from 0; 0 where the slot has it to itself.</summary>
    public int Part { get; init; }

    /// <summary>How many GPUs the slot holds, <see cref="Index"/> and the ones after it. Default 1.</summary>
    public int Span { get; init; } = 1;

    /// <summary>What the slot shares memory with: the machine for a CPU slot, the GPU for a part of one.</summary>
    public string Shared => Kind == "cpu" ? Kind : string.Create(CultureInfo.InvariantCulture, $"{Kind}:{Index}");

    /// <summary>
    /// "cpu:0", "cuda:1"; "cuda:1.0" and "cuda:1.1" for parts of one GPU, the first of which is written plainly; "cuda:0-1" for several.
    /// </summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Kind}:{Index}")
            + (Span > 1 ? string.Create(CultureInfo.InvariantCulture, $"-{Index + Span - 1}") : "")
            + (Part > 0 ? string.Create(CultureInfo.InvariantCulture, $".{Part}") : "");

    /// <summary>Makes CPU slots that share the machine's cores evenly: each gets cores / slots threads, at least 1.</summary>
    public static IReadOnlyList<DeviceSlot> Cpu(int slots, int? cores = null)
    {
        int threads = Math.Max(1, (cores ?? Environment.ProcessorCount) / Math.Max(1, slots));
        return [.. Enumerable.Range(0, slots).Select(i => new DeviceSlot("cpu", i, threads))];
    }

    /// <summary>
    /// GPU slots: <paramref name="perDevice"/> on each GPU, or one for each <paramref name="devicesPerSlot"/> GPUs; GPUs left over stay
    /// idle. The machine's cores are shared evenly.
    /// </summary>
    /// <param name="devices">GPUs that the process sees.</param>
    /// <param name="perDevice">Slots a GPU; 1 unless stated.</param>
    /// <param name="devicesPerSlot">GPUs a slot; 1 unless stated. Only one of the two may be more than 1.</param>
    /// <param name="cores">Cores to share; the machine's unless stated.</param>
    /// <exception cref="InvalidInputException">Both are above 1, one is below, or there are fewer GPUs than a slot takes.</exception>
    public static IReadOnlyList<DeviceSlot> Cuda(int devices, int perDevice = 1, int devicesPerSlot = 1, int? cores = null)
    {
        if (perDevice < 1 || devicesPerSlot < 1 || perDevice > 1 && devicesPerSlot > 1)
            throw new InvalidInputException(
                $"{perDevice} trial(s) a GPU and {devicesPerSlot} GPU(s) a trial: each must be at least 1, and only one of them more.");
        if (devices < devicesPerSlot)
            throw new InvalidInputException($"A trial is to have {devicesPerSlot} GPU(s), and there are {devices}.");
        int slots = devices / devicesPerSlot * perDevice, threads = Math.Max(1, (cores ?? Environment.ProcessorCount) / slots);
        // Part after part, so that few workers spread over all GPUs before two share one.
        return [.. from part in Enumerable.Range(0, perDevice) from i in Enumerable.Range(0, devices / devicesPerSlot)
            select new DeviceSlot("cuda", i * devicesPerSlot, threads) { Part = part, Span = devicesPerSlot }];
    }
}
