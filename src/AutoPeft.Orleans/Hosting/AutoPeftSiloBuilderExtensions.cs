using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Studies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Serialization;

namespace AutoPeft.Orleans.Hosting;

/// <summary>Adds AutoPeft's studies and device slots to an Orleans silo.</summary>
public static class AutoPeftSiloBuilderExtensions
{
    /// <summary>
    /// Lets this silo decide for studies and run their trials on its device slots, with whichever clustering the silo uses. It needs no
    /// grain storage and no reminders: a study's log is all that is kept, and the service <see cref="IStudySessions"/> opens it.
    /// <code>
    /// builder.Services.AddSingleton&lt;IStudySessions&gt;(new StoredStudies(
    ///     (name, token) => OpenStoreAsync(name, token),
    /// study => new StudyPolicy { Sampler = SamplerCatalog.Create(study.Sampler), Scheduler = SchedulerCatalog.Create(study.Scheduler) }));
    /// builder.UseOrleans(silo => silo
    ///     .UseLocalhostClustering()
    ///     .AddAutoPeft(o =>
    ///     {
    ///         o.Studies = ["my study"];
    ///         o.Workers = study => [.. DeviceSlot.Cpu(4).Select(slot => new InProcessWorker(new MyRunner(), slot))];
    ///     }));
    /// </code>
    /// </summary>
    public static ISiloBuilder AddAutoPeft(this ISiloBuilder builder, Action<AutoPeftSiloOptions>? configure = null)
    {
        builder.Services.AddOptions<AutoPeftSiloOptions>();
        if (configure is not null) builder.Services.Configure(configure);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<RunningAttempts>();
        // What a study refuses is told in its own words on every silo.
        builder.Services.Configure<ExceptionSerializationOptions>(o => o.SupportedNamespacePrefixes.Add(nameof(AutoPeft)));
        // A slot that leaves waits for the study's last word.
        builder.Configure<SiloMessagingOptions>(o => o.WaitForCancellationAcknowledgement = true);
        if (builder.Services.Any(s => s.ServiceType == typeof(SlotPump))) return builder;
        builder.Services.AddSingleton<SlotPump>();
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(s => s.GetRequiredService<SlotPump>());
        builder.Services.AddSingleton<IConfigurationValidator, AutoPeftSiloValidator>();
        return builder;
    }

    /// <summary>Says at the start what would fail much later.</summary>
    private sealed class AutoPeftSiloValidator(IServiceProvider services) : IConfigurationValidator
    {
        public void ValidateConfiguration()
        {
            if (services.GetService<IStudySessions>() is null)
                throw new InvalidInputException($"The silo has nothing to open studies with; add the service {nameof(IStudySessions)}.");
        }
    }
}
