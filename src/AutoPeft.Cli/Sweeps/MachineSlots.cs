using AutoPeft.Cli.Diagnosis;
using AutoPeft.Running;

namespace AutoPeft.Cli.Sweeps;

/// <summary>
/// The device slots that a sweep was asked to run on, this program's until disposed. A command takes them before it makes or changes a
/// study, so that a slip in what was typed leaves nothing behind.
/// </summary>
internal sealed class MachineSlots : IDisposable
{
    private readonly GpuClaims _claims;

    private MachineSlots(GpuClaims claims, IReadOnlyList<DeviceSlot> slots) => (_claims, Slots) = (claims, slots);

    /// <summary>One for each worker.</summary>
    public IReadOnlyList<DeviceSlot> Slots { get; }

    /// <summary>Takes what was asked for.</summary>
    /// <exception cref="InvalidInputException">There is no such device, too few of it, or other programs have it.</exception>
    public static MachineSlots Take(RunArguments a)
    {
        var claims = new GpuClaims();
        try
        {
            IReadOnlyList<DeviceSlot> slots = Choose(a, claims);
            return new MachineSlots(claims, a.Threads is { } threads ? [.. slots.Select(s => s with { Threads = threads })] : slots);
        }
        catch
        {
            claims.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _claims.Dispose();

    private static IReadOnlyList<DeviceSlot> Choose(RunArguments a, GpuClaims claims)
    {
        if (a.Workers < 1) throw new InvalidInputException($"--workers takes a whole number from 1, not {a.Workers}.");
        switch (a.Device)
        {
            case "cpu":
                return DeviceSlot.Cpu(a.Workers);
            case "cuda":
                int gpus = Doctor.CudaDevices();
                if (gpus == 0) throw new InvalidInputException("--device cuda: libtorch sees no GPU here; see `autopeft doctor`.");
                IReadOnlyList<DeviceSlot> cuda = DeviceSlot.Cuda(gpus, a.PerGpu, a.GpusPerTrial);
                if (a.Workers > cuda.Count)
                    throw new InvalidInputException(
                        $"--workers {a.Workers}: {gpus} GPU(s) give {cuda.Count} slot(s); more trials share a GPU with --per-gpu.");
                DeviceSlot[] ours = [.. cuda.Where(claims.TryClaim).Take(a.Workers)];
                if (ours.Length < a.Workers)
                    throw new InvalidInputException(
                        $"--workers {a.Workers}: other processes of this machine run trials on {cuda.Count - ours.Length} of its "
                        + $"{cuda.Count} GPU slot(s); wait for them, or ask for "
                        + $"{(ours.Length == 0 ? "--device cpu" : $"--workers {ours.Length}")}.");
                return ours;
            default:
                throw new InvalidInputException($"--device {a.Device}: there are cpu and cuda.");
        }
    }
}
