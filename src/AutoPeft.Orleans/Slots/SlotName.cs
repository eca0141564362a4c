using AutoPeft.Running;

namespace AutoPeft.Orleans.Slots;

/// <summary>
/// What the log calls a slot's worker: the silo's address and the worker's own name, as in "127.0.0.1:11111@421036812/in-process/cpu:0". A
/// silo that starts again has another address.
/// </summary>
internal static class SlotName
{
    public static string Of(SiloAddress silo, IWorker worker) => $"{silo.ToParsableString()}/{worker.Name}";

    /// <summary>The silo that a worker belongs to; null where the log's worker belongs to none.</summary>
    public static SiloAddress? SiloOf(string? worker)
    {
        if (worker is null || worker.IndexOf('/', StringComparison.Ordinal) is not (> 0 and var end)) return null;
        try { return SiloAddress.FromParsableString(worker[..end]); }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException) { return null; }
    }
}
