using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Providers;
using Orleans.Runtime;
using Orleans.Storage;

namespace AutoPeft.Orleans.Storage;

/// <summary>A small state of a grain in the cluster's storage.</summary>
internal sealed class StoredState<T>(IGrainStorage storage, string name, GrainId owner) where T : class, new()
{
    private readonly GrainState<T> _state = new(new T());

    public T Value => _state.State ??= new T();

    public async Task ReadAsync()
    {
        await storage.ReadStateAsync(name, owner, _state).ConfigureAwait(false);
        _state.State ??= new T();
    }

    /// <summary>Changes it and writes it; read again and changed again where another activation was first.</summary>
    public async Task WriteAsync(Action<T> change)
    {
        while (true)
        {
            change(Value);
            try
            {
                await storage.WriteStateAsync(name, owner, _state).ConfigureAwait(false);
                return;
            }
            catch (InconsistentStateException)
            {
                await ReadAsync().ConfigureAwait(false);
            }
            catch
            {
                // What the storage holds is not known, and what we hold was not acknowledged.
                await ReadAsync().ConfigureAwait(false);
                throw;
            }
        }
    }
}

/// <summary>Finds the storage that studies are kept in.</summary>
internal static class StudyStorage
{
    /// <summary>Name of the provider that is preferred.</summary>
    public const string ProviderName = "autopeft";

    public static IGrainStorage Of(IServiceProvider services) =>
        services.GetKeyedService<IGrainStorage>(ProviderName) ?? services.GetKeyedService<IGrainStorage>(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
        ?? throw new InvalidInputException($"The silo has no grain storage to keep studies in: add a provider named '{ProviderName}', or a default one.");
}
