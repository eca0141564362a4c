using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>The blocks that stand at one place of a model: what the model calls there instead of its own computation.</summary>
internal abstract class AdapterSite(Site site, string name) : NamedModule(name)
{
    /// <summary>The place.</summary>
    public Site Site => site;

    /// <summary>Whether the blocks are a change of a weight, which can be merged.</summary>
    public virtual bool CanMerge => false;

    /// <summary>The model's module at the place. Not a child of this one.</summary>
    protected abstract nn.Module Host { get; }

    /// <summary>Tells the host to call this module, or to compute as it did without.</summary>
    protected abstract void Stand(bool there);

    /// <summary>Puts the blocks in their place.</summary>
    public void Attach()
    {
        Stand(true);
        Register(Host, this);
    }

    /// <summary>Takes the blocks away and frees their tensors.</summary>
    /// <param name="keepMerged">Whether a weight into which they were worked stays as it is.</param>
    public virtual void Detach(bool keepMerged)
    {
        Stand(false);
        Host.register_module(Site.AdapterModule, null!);
        Dispose();
    }

    /// <summary>Works the blocks into the weight; see <see cref="CanMerge"/>.</summary>
    public virtual void Merge() => throw new InvalidOperationException($"the adapter at {Site} is not a change of a weight");

    /// <summary>Takes the blocks out of the weight again. Does nothing where they are not merged.</summary>
    public virtual void Unmerge() { }

    /// <summary>Registers a module of adapters below a module of the model.</summary>
    public static void Register(nn.Module host, nn.Module adapter)
    {
        host.register_module(Site.AdapterModule, adapter);
        // A new module thinks that it is training, whatever its host is doing.
        adapter.train(host.training);
    }
}
