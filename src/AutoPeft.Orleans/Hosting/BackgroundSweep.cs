using AutoPeft.Running;
using AutoPeft.Studies;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AutoPeft.Orleans.Hosting;

/// <summary>
/// A study that runs in the background of a host, such as a web application or a worker service, on a silo of its own process
/// (<see cref="EmbeddedSilo"/>). Made by <see cref="AutoPeftServiceCollectionExtensions.AddAutoPeft"/>.
/// </summary>
/// <remarks>
/// The study begins when the host starts. When the host stops, running trials go back to the queue: the next start goes on with them where
/// the study's store is not the memory. An exception ends the host, unless its <see cref="HostOptions.BackgroundServiceExceptionBehavior"/>
/// says otherwise.
/// </remarks>
public sealed partial class BackgroundSweep : BackgroundService
{
    private readonly Func<CancellationToken, Task<StudySession>> _open;
    private readonly Func<StudyDefinition, IReadOnlyList<IWorker>> _workers;
    private readonly SweepOptions _options;
    private readonly ILogger _logger;

    internal BackgroundSweep(
        Func<CancellationToken, Task<StudySession>> open, Func<StudyDefinition, IReadOnlyList<IWorker>> workers, SweepOptions options,
        ILogger logger) => (_open, _workers, _options, _logger) = (open, workers, options, logger);

    /// <summary>What is known of the study: it changes as trials end. Null until the study is open.</summary>
    public IStudyView? Study { get; private set; }

    /// <summary>Ends when the study has finished, or the host stops; with the exception that ended the study, if one did.</summary>
    public Task Completion => ExecuteTask ?? Task.CompletedTask;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using StudySession session = await _open(stoppingToken).ConfigureAwait(false);
        Study = session.Study;
        IReadOnlyList<IWorker> workers = _workers(session.Study.Definition);
        try
        {
            await using EmbeddedSilo silo =
                await EmbeddedSilo.StartAsync(session, new AttemptRunner(workers, _options), stoppingToken).ConfigureAwait(false);
            await silo.Completion.WaitAsync(stoppingToken).ConfigureAwait(false);
            LogEnd(session.Study.Definition.Name, session.Study.Completed.Count);
        }
        finally
        {
            foreach (IWorker worker in workers) await worker.DisposeAsync().ConfigureAwait(false);
        }
    }

    [LoggerMessage(LogLevel.Information, "Study '{Study}' has ended with {Completed} completed trials.")]
    private partial void LogEnd(string study, int completed);
}
