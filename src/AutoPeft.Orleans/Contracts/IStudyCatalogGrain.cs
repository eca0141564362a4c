using Orleans;

namespace AutoPeft.Orleans.Contracts;

/// <summary>The cluster's studies. There is one catalog, of key 0. It outlives every silo, since a free device finds its work here.</summary>
[Alias("AutoPeft.StudyCatalog")]
public interface IStudyCatalogGrain : IGrainWithIntegerKey
{
    /// <summary>Names of all studies ever made here.</summary>
    [Alias("All")]
    Task<List<string>> AllAsync();

    /// <summary>Names of those that run, oldest first. The device that asks is woken when another one starts.</summary>
    /// <param name="device">Key of the device's grain; null for a person who only looks.</param>
    [Alias("Running")]
    Task<List<string>> RunningAsync(string? device);

    /// <summary>A study starts or ends to give out trials.</summary>
    [Alias("SetRunning")]
    Task SetRunningAsync(string study, bool running);
}
