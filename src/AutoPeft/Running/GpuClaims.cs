using System.Globalization;
using AutoPeft.Studies;

namespace AutoPeft.Running;

/// <summary>
/// The GPUs of this machine that one process runs trials on. Every process that starts workers claims its GPUs first, so that two sweeps,
/// or two silos, on one machine do not give the same GPU twice. A claim is a locked file: it ends with its process, however that ends. Not
/// thread-safe.
/// </summary>
/// <param name="directory">Where the claims lie: the same for every process of the machine. <see cref="DefaultDirectory"/> unless
/// stated.</param>
/// <param name="visible">The GPUs as the driver numbers them, in this process's order; those of CUDA_VISIBLE_DEVICES unless stated. GPUs
/// are told apart by these names: use numbers in all processes, or UUIDs in all.</param>
internal sealed class GpuClaims(string? directory = null, string? visible = null) : IDisposable
{
    private readonly string _directory = directory ?? DefaultDirectory;
    private readonly Dictionary<string, JournalLock> _held = [];

    /// <summary>A directory among the machine's temporary files, open to all of its users.</summary>
    public static string DefaultDirectory => Path.Combine(Path.GetTempPath(), "autopeft-gpus");

    /// <summary>The <paramref name="index"/>-th of the GPUs that this process may see, as the driver numbers them.</summary>
    /// <param name="index">0 is the first.</param>
    /// <param name="visible">What it may see, as CUDA_VISIBLE_DEVICES has it; that unless stated.</param>
    public static string NameOf(int index, string? visible = null)
    {
        string[] names = (visible ?? Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return index < names.Length ? names[index] : index.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Claims every GPU of the slot, or none of them. What this process has already it may use for further slots.</summary>
    /// <returns>False where another process has one of them.</returns>
    /// <exception cref="InvalidInputException">The directory cannot be written.</exception>
    public bool TryClaim(DeviceSlot slot)
    {
        if (slot.Kind == "cpu") return true;
        var taken = new List<string>();
        foreach (string gpu in Enumerable.Range(slot.Index, slot.Span).Select(i => NameOf(i, visible)).Where(g => !_held.ContainsKey(g)))
        {
            if (Take(gpu) is { } held)
            {
                _held[gpu] = held;
                taken.Add(gpu);
                continue;
            }
            foreach (string back in taken)
            {
                _held[back].Dispose();
                _held.Remove(back);
            }
            return false;
        }
        return true;
    }

    /// <summary>Gives every GPU back.</summary>
    public void Dispose()
    {
        foreach (JournalLock held in _held.Values) held.Dispose();
        _held.Clear();
    }

    private JournalLock? Take(string gpu)
    {
        string file = Path.Combine(_directory, FileNames.Of(gpu) + ".lock");
        try
        {
            OpenToAll(_directory, create: () => Directory.CreateDirectory(_directory));
            OpenToAll(file, create: () => File.Open(file, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite).Dispose());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(
                $"{_directory} cannot be written, where processes of this machine agree on who has which GPU: {e.Message}", e);
        }
        return JournalLock.TryTake(file);
    }

    // What one user makes, the others must be able to lock.
    private static void OpenToAll(string path, Action create)
    {
        if (Path.Exists(path)) return;
        try { create(); }
        catch (IOException) when (Path.Exists(path)) { return; }
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, (UnixFileMode)(Directory.Exists(path) ? 0b111_111_111 : 0b110_110_110));
    }
}
