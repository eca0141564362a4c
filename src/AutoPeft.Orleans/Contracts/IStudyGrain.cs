using System.Collections.Immutable;
using AutoPeft.Running;
using AutoPeft.Scheduling;

namespace AutoPeft.Orleans.Contracts;

/// <summary>
/// A study, by name: the one writer of its log in a cluster. Every answer is a decision of <see cref="StudySession"/>, durable before it is
/// given; every call may be made again when its answer was lost. The grain keeps nothing: it opens the log when it is asked first, wherever
/// that is.
/// </summary>
[Alias("autopeft.study")]
public interface IStudyGrain : IGrainWithStringKey
{
    /// <summary>The study's definition, as <see cref="DefinitionBytes"/> writes it.</summary>
    /// <exception cref="StudyUnavailableException">The study cannot be opened.</exception>
    [Alias("definition")]
    [return: Immutable]
    Task<byte[]> DefinitionAsync();

    /// <summary>Gives a trial to a free slot; see <see cref="StudySession.NextAsync"/>.</summary>
    /// <param name="slot">Who asks.</param>
    /// <param name="patience">How long the answer may take, at most 10 s.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="InvalidInputException">The sampler cannot serve this study, or the store cannot be written.</exception>
    [Alias("next")]
    Task<NextAnswer> NextAsync(SlotOffer slot, TimeSpan patience, CancellationToken cancellationToken);

    /// <summary>Records what a running attempt measured; see <see cref="StudySession.ReportAsync"/>.</summary>
    /// <returns>What the trial is to do; null if the attempt no longer counts and must stop.</returns>
    [Alias("report")]
    Task<Decision?> ReportAsync(AttemptId id, long step, [Immutable] ImmutableSortedDictionary<string, double> metrics, TimeSpan? took);

    /// <summary>Records how an attempt ended; see <see cref="StudySession.EndAsync"/>.</summary>
    /// <returns>Whether the attempt counts, and which checkpoints are still needed.</returns>
    [Alias("end")]
    Task<EndReceipt> EndAsync(AttemptId id, EndMessage end, TimeSpan? took);

    /// <summary>Puts back what runs on a silo: it leaves the study, and has stopped its attempts.</summary>
    [Alias("leave")]
    Task LeaveAsync(SiloAddress silo, string reason);

    /// <summary>Reads how the study stands: trials by state, records and budget.</summary>
    [Alias("status")]
    Task<StudyStatus> StatusAsync();

    /// <summary>Holds the study and stops what runs: running trials are back in the queue when this returns.</summary>
    /// <param name="reason">One line for the log.</param>
    [Alias("stop")]
    Task StopAsync(string reason);

    /// <summary>Lets a study go on that a person holds.</summary>
    [Alias("resume")]
    Task ResumeAsync();
}
