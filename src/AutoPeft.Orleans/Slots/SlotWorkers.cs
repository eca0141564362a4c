using AutoPeft.Running;
using AutoPeft.Studies;
using Microsoft.Extensions.Options;

namespace AutoPeft.Orleans.Slots;

/// <summary>The workers of this silo's slots, kept warm from trial to trial of one study. A slot's grain sees to it that one trial at a time asks for its worker. Thread-safe.</summary>
internal sealed class SlotWorkers(IOptions<AutoPeftSiloOptions> options) : IAsyncDisposable
{
    private readonly Dictionary<string, (string Study, IWorker Worker)> _workers = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile bool _closed;

    /// <summary>Whether the silo is going down: its services leave while its grains may still be asking for work.</summary>
    public bool IsClosed => _closed;

    public IReadOnlyList<DeviceSlot> Slots => options.Value.Slots;

    /// <exception cref="InvalidInputException">The silo has no such slot.</exception>
    public DeviceSlot SlotOf(string name) => Slots.FirstOrDefault(s => s.ToString() == name) ?? throw new InvalidInputException($"This silo has no device slot {name}.");

    /// <summary>The worker of a slot for a study; that of another study leaves first.</summary>
    /// <param name="study">What tells one study's definition from another's.</param>
    /// <param name="definition">The study.</param>
    /// <param name="slot">Name of the slot.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async Task<IWorker> GetAsync(string study, StudyDefinition definition, string slot, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_workers.TryGetValue(slot, out (string Study, IWorker Worker) known))
            {
                if (known.Study == study) return known.Worker;
                _workers.Remove(slot);
                await known.Worker.DisposeAsync().ConfigureAwait(false);
            }
            Func<StudyDefinition, DeviceSlot, IWorker> make = options.Value.Worker ?? throw new InvalidInputException("The silo has device slots but no worker to run trials on them: set Worker in AddAutoPeft.");
            IWorker worker = make(definition, SlotOf(slot));
            _workers[slot] = (study, worker);
            return worker;
        }
        finally { _gate.Release(); }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _closed = true;
            await Task.WhenAll(_workers.Values.Select(w => w.Worker.DisposeAsync().AsTask())).ConfigureAwait(false);
            _workers.Clear();
        }
        finally { _gate.Release(); }
    }
}
