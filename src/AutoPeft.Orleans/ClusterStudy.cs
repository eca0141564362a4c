using System.Runtime.CompilerServices;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Orleans;
using Orleans.Runtime;

namespace AutoPeft.Orleans;

/// <summary>A study that runs in a cluster, as somebody outside of it sees it: submits it, follows its log, stops it.</summary>
public sealed class ClusterStudy
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), RetryWait = TimeSpan.FromSeconds(0.5);

    private readonly IStudyGrain _study;
    private readonly ClusterStudyStore _store;

    private ClusterStudy(IGrainFactory grains, string name) => (_study, _store) = (grains.GetGrain<IStudyGrain>(name), new ClusterStudyStore(grains, name));

    /// <summary>Its log.</summary>
    public IStudyStore Store => _store;

    /// <summary>Makes the study, or finds it, adds what it shall run first, and starts it.</summary>
    /// <param name="grains">The way into the cluster.</param>
    /// <param name="name">Its name in the cluster.</param>
    /// <param name="definition">What it is.</param>
    /// <param name="enqueue">What runs before any sampler is asked.</param>
    /// <param name="options">How it runs.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <exception cref="InvalidInputException">The cluster has another study of this name, or cannot run this one.</exception>
    public static async Task<ClusterStudy> SubmitAsync(IGrainFactory grains, string name, StudyDefinition definition, IEnumerable<Configuration> enqueue, ClusterRunOptions options, CancellationToken cancellationToken = default)
    {
        var study = new ClusterStudy(grains, name);
        string created = EventLines.Write(new StudyCreated(DateTimeOffset.UtcNow, definition));
        if (await study._study.CreateAsync(created, options).WaitAsync(cancellationToken).ConfigureAwait(false) is { } refused) throw new InvalidInputException(refused);
        using (StudySession session = await StudySession.OpenAsync(study._store, d => SamplerCatalog.Create(d.Sampler), cancellationToken: cancellationToken).ConfigureAwait(false))
            await session.EnqueueMissingAsync(enqueue, cancellationToken).ConfigureAwait(false);
        if (await study._study.StartAsync().WaitAsync(cancellationToken).ConfigureAwait(false) is { } why) throw new InvalidInputException(why);
        return study;
    }

    /// <summary>Where it is.</summary>
    public Task<StudyStatus> StatusAsync() => _study.StatusAsync();

    /// <summary>Gives out no more trials, and puts back what runs.</summary>
    public Task StopAsync() => _study.PauseAsync(stopTrials: true);

    /// <summary>The records of the log from <paramref name="from"/> on as they come, until the study has finished or is paused.</summary>
    /// <param name="from">0 is the first.</param>
    /// <param name="trouble">Told, once each time it changes, what keeps the study or a silo from running, and when the cluster does not answer; null when that is over.</param>
    /// <param name="cancellationToken">Stops following; the study goes on.</param>
    public async IAsyncEnumerable<StudyEvent> FollowAsync(long from, Action<string?>? trouble = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long at = from;
        string? told = null;
        while (true)
        {
            var read = new List<StudyEvent>();
            bool ended = false;
            string? now;
            try
            {
                // Asked first: whatever it ended with is in what is read after.
                StudyStatus status = await _study.StatusAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
                ended = status.Phase != StudyPhase.Running && status.Running == 0;
                now = status.Trouble;
                if (!ended) await _store.WaitAsync(at, Patience, cancellationToken).ConfigureAwait(false);
                await foreach (StudyEvent e in _store.ReadAsync(at, cancellationToken).ConfigureAwait(false)) read.Add(e);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                // The silo that we talked to is gone, or the study is on its way to another.
                now = "the cluster does not answer; waiting for it";
                (ended, read) = (false, []);
                await Task.Delay(RetryWait, cancellationToken).ConfigureAwait(false);
            }
            if (now != told) trouble?.Invoke(told = now);
            foreach (StudyEvent e in read) yield return e;
            at += read.Count;
            if (ended) yield break;
        }
    }
}
