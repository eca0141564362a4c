using AutoPeft.Peft.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>The blocks at one "add and normalise": LN(h + t + Σ scale·f(what it reads)).</summary>
internal sealed class ResidualSite : AdapterSite, IResidualAdaptation
{
    private readonly BertOutput host;
    private readonly Placed<ResidualBlock>[] blocks;

    /// <param name="site">The place.</param>
    /// <param name="host">The "add and normalise".</param>
    /// <param name="blocks">The blocks that stand there.</param>
    public ResidualSite(Site site, BertOutput host, IReadOnlyList<Placed<ResidualBlock>> blocks) : base(site, nameof(ResidualSite))
    {
        this.host = host;
        // What reads the sum comes first: it needs the sum as it was, the others may then add to it in place.
        this.blocks = [.. blocks.OrderBy(b => b.Block.Input == ResidualInput.NormalisedSum ? 0 : 1)];
        foreach (var (block, tensors) in blocks) Add(block.Name, tensors);
    }

    protected override nn.Module Host => host;

    protected override void Stand(bool there) => host.Adaptation = there ? this : null;

    public Tensor Forward(Tensor hidden, Tensor residual, LayerNorm norm)
    {
        using var scope = NewDisposeScope();
        var plain = hidden + residual;
        var sum = plain;
        Tensor? normalised = null;
        foreach (var (block, tensors) in blocks)
        {
            var read = block.Input switch
            {
                ResidualInput.NormalisedSum => normalised ??= norm.forward(plain),
                ResidualInput.Residual => residual,
                _ => hidden,
            };
            var added = block.Added(Dropping.Apply(read.to(hidden.dtype), block.Dropout, training), tensors);
            // LayerNorm keeps the plain sum for its gradient, so that one must not be written to.
            sum = ReferenceEquals(sum, plain) && normalised is not null ? sum.add(added, block.Scale) : sum.add_(added, block.Scale);
        }
        return norm.forward(sum).MoveToOuterDisposeScope();
    }
}
