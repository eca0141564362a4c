using AutoPeft.Orleans.Contracts;
using AutoPeft.Orleans.Storage;
using Orleans;
using Orleans.Runtime;

namespace AutoPeft.Orleans.Grains;

/// <summary>The names, durable, and the devices that look for work, which ask again soon if they are forgotten.</summary>
internal sealed class StudyCatalogGrain(IServiceProvider services, ISiloStatusOracle silos) : Grain, IStudyCatalogGrain
{
    private readonly HashSet<string> _devices = [];
    private StoredState<StudyCatalogState>? _state;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = new StoredState<StudyCatalogState>(StudyStorage.Of(services), "catalog", this.GetGrainId());
        return _state.ReadAsync();
    }

    public Task<List<string>> AllAsync() => Task.FromResult<List<string>>([.. _state!.Value.All]);

    public Task<List<string>> RunningAsync(string? device)
    {
        if (device is not null) _devices.Add(device);
        return Task.FromResult<List<string>>([.. _state!.Value.Running]);
    }

    public async Task SetRunningAsync(string study, bool running)
    {
        if (_state!.Value.Running.Contains(study) != running || !_state.Value.All.Contains(study))
            await _state.WriteAsync(s =>
            {
                if (!s.All.Contains(study)) s.All.Add(study);
                s.Running.Remove(study);
                if (running) s.Running.Add(study);
            });
        if (!running) return;
        _devices.RemoveWhere(d => silos.IsDeadSilo(DeviceKey.SiloOf(d)));
        foreach (string device in _devices) _ = GrainFactory.GetGrain<IDeviceGrain>(device).WakeAsync();
    }
}

/// <summary>The catalog as grain storage has it. Some providers store the names of the type and its members: do not rename them.</summary>
[GenerateSerializer, Alias("AutoPeft.StudyCatalogState")]
public sealed class StudyCatalogState
{
    /// <summary>Every study ever made.</summary>
    [Id(0)]
    public List<string> All { get; set; } = [];

    /// <summary>Those that run, oldest first.</summary>
    [Id(1)]
    public List<string> Running { get; set; } = [];
}
