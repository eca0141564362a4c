namespace AutoPeft.Orleans.Contracts;

/// <summary>
/// A trial of a study, by number and study name, while an attempt of it runs: placed on the silo whose slot has the trial, gone when the
/// attempt has ended. What is known of a trial that does not run is in its study's log.
/// </summary>
[Alias("autopeft.trial")]
public interface ITrialGrain : IGrainWithIntegerCompoundKey
{
    /// <summary>Begins the attempt that a silo has laid ready for the trial; begins nothing twice.</summary>
    /// <param name="place">The silo that asks. The attempt runs there and nowhere else.</param>
    /// <param name="attempt">Which attempt.</param>
    /// <returns>False where the grain is on another silo still: it moves, ask again.</returns>
    [Alias("start")]
    Task<bool> StartAsync(SiloAddress place, int attempt);

    /// <summary>Stops the attempt that runs here; the trial goes back to the queue, and this does not count against it.</summary>
    /// <param name="reason">One line for the log.</param>
    /// <returns>False where none runs.</returns>
    [Alias("stop")]
    Task<bool> StopAsync(string reason);

    /// <summary>How far the attempt is that runs here; null where none runs.</summary>
    [Alias("get")]
    Task<TrialProgress?> GetAsync();
}
