using AutoPeft.Peft.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// The blocks at one "add and normalise": LN(h + t + Σ scale·core(what it reads)). AutoPEFT's serial adapter reads LN(h + t)
/// and adds to h, its parallel adapter reads t and adds four times its output; both fit this one form.
/// </summary>
internal sealed class ResidualSite : nn.Module, IResidualAdaptation
{
    private readonly AdapterBlock[] blocks;

    public ResidualSite(Site site, IReadOnlyList<AdapterBlock> blocks) : base(nameof(ResidualSite))
    {
        // What reads the sum comes first: it needs the sum as it was, the others may then add to it in place.
        this.blocks = [.. blocks.OrderBy(b => b.Spec.Read == BlockInput.NormalisedSum ? 0 : 1)];
        foreach (var block in blocks)
        {
            if (block.Spec is not
                {
                    Core: BottleneckCore, Compose: Composition.Add,
                    Read: BlockInput.NormalisedSum or BlockInput.Residual or BlockInput.Hidden
                })
                throw new InvalidInputException($"block '{block.Spec.Name}' ({block.Spec.Core.GetType().Name}, reads {block.Spec.Read}, "
                    + $"composes by {block.Spec.Compose}) cannot stand at {site}");
            register_module(block.Spec.Name, block);
        }
    }

    public Tensor Forward(Tensor hidden, Tensor residual, LayerNorm norm)
    {
        using var scope = NewDisposeScope();
        var plain = hidden + residual;
        var sum = plain;
        Tensor? normalised = null;
        foreach (var block in blocks)
        {
            var read = block.Spec.Read switch
            {
                BlockInput.NormalisedSum => normalised ??= norm.forward(plain),
                BlockInput.Residual => residual,
                _ => hidden,
            };
            var added = ((BottleneckCore)block.Spec.Core).Map(Dropping.Apply(read.to(hidden.dtype), block.Spec.Dropout, training), block);
            // LayerNorm keeps the plain sum for its gradient, so that one must not be written to.
            sum = ReferenceEquals(sum, plain) && normalised is not null
                ? sum.add(added, block.Spec.Scale)
                : sum.add_(added, block.Spec.Scale);
        }
        return norm.forward(sum).MoveToOuterDisposeScope();
    }
}
