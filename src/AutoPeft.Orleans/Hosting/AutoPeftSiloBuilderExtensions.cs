using AutoPeft.Orleans.Slots;
using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Grains;
using AutoPeft.Orleans.Storage;
using AutoPeft.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace AutoPeft.Orleans.Hosting;

/// <summary>Adds AutoPeft to a silo.</summary>
public static class AutoPeftSiloBuilderExtensions
{
    /// <summary>
    /// Lets this silo keep studies and run their trials on its device slots. The silo needs, from whichever providers it uses: a grain storage named "autopeft" or a default one, and
    /// reminders. Both must outlive silos for studies to do so.
    /// <code>
    /// builder.UseOrleans(silo => silo
    ///     .UseAutoPeftDirectory("/shared/cluster")
    ///     .AddAutoPeft(o =>
    ///     {
    ///         o.Slots = DeviceSlot.Cpu(4);
    ///         o.Worker = (study, slot) => new InProcessWorker(new MyRunner(), slot);
    ///     }));
    /// </code>
    /// </summary>
    public static ISiloBuilder AddAutoPeft(this ISiloBuilder builder, Action<AutoPeftSiloOptions>? configure = null)
    {
        builder.Services.AddOptions<AutoPeftSiloOptions>();
        if (configure is not null) builder.Services.Configure(configure);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<SlotWorkers>();
        builder.Services.TryAddSingleton<SlotRest>();
        if (builder.Services.All(s => s.ServiceType != typeof(SlotRuns)))
        {
            builder.Services.AddSingleton<SlotRuns>();
            builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(s => s.GetRequiredService<SlotRuns>());
        }
        builder.Services.AddSingleton<IConfigurationValidator, AutoPeftSiloValidator>();
        builder.AddPlacementDirector<SlotPlacement, SlotPlacementDirector>();
        return builder;
    }

    /// <summary>Says at the start what would fail much later.</summary>
    private sealed class AutoPeftSiloValidator(IServiceProvider services, IOptions<AutoPeftSiloOptions> options) : IConfigurationValidator
    {
        public void ValidateConfiguration()
        {
            StudyStorage.Of(services);
            AutoPeftSiloOptions o = options.Value;
            if (o.Slots.GroupBy(s => s.ToString()).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new InvalidInputException($"Device slot {twice.Key} stands twice.");
            if (o.Slots.Count > 0 && o.Worker is null) throw new InvalidInputException("The silo has device slots but no worker to run trials on them: set Worker in AddAutoPeft, or give it no slots.");
            if (services.GetService<IReminderTable>() is null) throw new InvalidInputException("The silo has no reminder service; studies need one to outlive the silo that keeps them.");
        }
    }
}
