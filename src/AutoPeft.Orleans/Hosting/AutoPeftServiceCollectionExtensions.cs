using AutoPeft.Running;
using AutoPeft.Studies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AutoPeft.Orleans.Hosting;

/// <summary>Adds studies that run in the background of a host to its services.</summary>
public static class AutoPeftServiceCollectionExtensions
{
    /// <summary>
    /// Runs a study in the background of this host, from its start on; call it once for each study.
    /// <code>
    /// builder.Services.AddAutoPeft(
    ///     async (services, token) => await StudySession.OpenOrCreateAsync(
    ///         definition, StudyPolicy.Of(SamplerCatalog.Create("auto")), await JournalStore.OpenOrCreateAsync("study.log", token),
    ///         cancellationToken: token),
    ///     (services, study) => [.. DeviceSlot.Cpu(2).Select(slot => new InProcessWorker(new MyRunner(), slot))]);
    /// </code>
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="session">Opens the study. The session is disposed when the study has ended.</param>
    /// <param name="workers">The workers that run the study's trials, one for each slot; disposed with the session.</param>
    /// <param name="options">Time limit and folder of trials. Null, the default: no limit, no folder, and the host's own logger.</param>
    /// <returns>The same services. <see cref="BackgroundSweep"/> is one of them, with what is known of the study.</returns>
    public static IServiceCollection AddAutoPeft(
        this IServiceCollection services,
        Func<IServiceProvider, CancellationToken, Task<StudySession>> session,
        Func<IServiceProvider, StudyDefinition, IReadOnlyList<IWorker>> workers,
        SweepOptions? options = null)
    {
        var key = new object();
        services.AddKeyedSingleton(key, (provider, _) =>
        {
            ILogger logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger<BackgroundSweep>();
            return new BackgroundSweep(
                token => session(provider, token), study => workers(provider, study), options ?? new SweepOptions { Logger = logger },
                logger);
        });
        services.AddSingleton(provider => provider.GetRequiredKeyedService<BackgroundSweep>(key));
        return services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<BackgroundSweep>(key));
    }
}
