using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Training;

/// <summary>
/// One base model that several trial runners of a process share: one a task, say, of which one trains at a time. Dispose after them to free
/// its weights.
/// </summary>
public sealed class BaseModelCache : IDisposable
{
    private BaseModel? _model;

    /// <summary>The model of a folder on a device; another one than last time replaces it.</summary>
    /// <exception cref="InvalidInputException">It cannot be read.</exception>
    public BaseModel For(string directory, Device device)
    {
        if (_model is { } m && m.Directory == directory && m.Device.ToString() == device.ToString()) return m;
        Dispose();
        return _model = BaseModel.Load(directory, device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model?.Dispose();
        _model = null;
    }
}
