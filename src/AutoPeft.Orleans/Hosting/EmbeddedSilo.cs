using System.Net;
using AutoPeft.Orleans.Endpoints;
using AutoPeft.Orleans.Studies;
using AutoPeft.Running;
using Microsoft.Extensions.DependencyInjection;

namespace AutoPeft.Orleans.Hosting;

/// <summary>
/// Runs a study's trials on grains in this process: a silo that is a cluster of its own. What <see cref="LocalSweep"/> does with loops,
/// this does with the grains that a cluster uses.
/// </summary>
/// <remarks>Nobody can join or call the silo from outside: it opens no socket (<see cref="ClosedTransport"/>), and the name of its cluster
/// is a fresh random one.</remarks>
public sealed class EmbeddedSilo : IAsyncDisposable
{
    private readonly SiloHost _silo;
    private readonly AttemptRunner _runner;

    private EmbeddedSilo(SiloHost silo, AttemptRunner runner) => (_silo, _runner) = (silo, runner);

    /// <summary>Starts the silo, which begins with the study's trials at once.</summary>
    /// <param name="session">Decides for the study. The caller disposes the session, after the silo.</param>
    /// <param name="runner">Runs attempts on this process's workers, which the caller disposes, after the silo. Null for a silo that runs
    /// nothing.</param>
    /// <param name="cancellationToken">Stops the start; to stop the silo, dispose it.</param>
    public static async Task<EmbeddedSilo> StartAsync(StudySession session, AttemptRunner runner,
        CancellationToken cancellationToken = default)
    {
        string study = session.Study.Definition.Name;
        SiloHost silo = await SiloHost.StartAsync(
            builder => builder.Services.AddSingleton<IStudySessions>(new GivenStudy(study, session)),
            builder =>
            {
                builder.UseLocalhostClustering(siloPort: Random.Shared.Next(1024, IPEndPoint.MaxPort), gatewayPort: 0,
                    clusterId: Guid.NewGuid().ToString("N"), serviceId: "autopeft");
                builder.AddAutoPeft(o => (o.Studies, o.Runner, o.Definition) = ([study], runner, session.Study.Definition));
                ClosedTransport.Use(builder);
            },
            cancellationToken).ConfigureAwait(false);
        return new EmbeddedSilo(silo, runner);
    }

    /// <summary>Ends when the study has finished.</summary>
    /// <exception cref="InvalidInputException">A worker cannot serve this study at all, the machine loses every worker, or the store cannot
    /// be written.</exception>
    public Task Completion => CompleteAsync();

    /// <summary>Why the study ended before its budget was used up, in one line; null where it did not.</summary>
    public string? EndedBecause => _silo.Pump.EndedBecause;

    /// <summary>Time that slots spent on attempts so far, summed over the slots.</summary>
    public TimeSpan Busy => _runner.Busy;

    /// <summary>The silo's services, its grain factory among them.</summary>
    public IServiceProvider Services => _silo.Services;

    /// <summary>Stops the silo. Running trials are stopped and back in the queue when this returns.</summary>
    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    private async Task CompleteAsync()
    {
        Task first = await Task.WhenAny(_silo.Pump.Ended, _silo.Fatal).ConfigureAwait(false);
        if (first == _silo.Fatal)
            throw new InvalidInputException($"The silo of this process cannot go on: {await _silo.Fatal.ConfigureAwait(false)}");
        await first.ConfigureAwait(false);
    }
}
