using AutoPeft.Peft.Models;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// The blocks at one linear map: y = s_out ∘ (m/‖W + ΣΔ‖ ∘ (W + ΣΔ)·(s_in ∘ x)) + b, each part where there is one.
/// </summary>
internal sealed class LinearSite : AdapterSite, ILinearAdaptation
{
    private readonly AdaptableLinear host;
    private readonly Placed<LinearBlock>[] blocks;
    private readonly Placed<LinearBlock>[] inputScales;
    private readonly Placed<LinearBlock>[] outputScales;
    private readonly Placed<LinearBlock>[] magnitudes;
    // Under row norms all that is added reads one dropped input.
    private readonly double dropout;
    private Tensor? originalWeight;
    private Tensor? originalBias;

    /// <param name="site">The place.</param>
    /// <param name="host">The map.</param>
    /// <param name="blocks">The blocks that stand there, at least one.</param>
    /// <exception cref="InvalidInputException">
    /// Two of them set the row norms, or one does and those that change the weight have different dropouts.
    /// </exception>
    public LinearSite(Site site, AdaptableLinear host, Placed<LinearBlock>[] blocks) : base(site, nameof(LinearSite))
    {
        (this.host, this.blocks) = (host, blocks);
        inputScales = [.. blocks.Where(b => b.Block.InputScale(b.Tensors) is not null)];
        outputScales = [.. blocks.Where(b => b.Block.OutputScale(b.Tensors) is not null)];
        magnitudes = [.. blocks.Where(b => b.Block.Magnitude(b.Tensors) is not null)];
        if (magnitudes.Length > 1) throw new InvalidInputException($"two blocks set the row norms of {site}; leave one");
        if (magnitudes.Length > 0) dropout = OneDropout(site, blocks);
        foreach (var (block, tensors) in blocks) Add(block.Name, tensors);
    }

    /// <summary>The dropout of the blocks that change the weight.</summary>
    private static double OneDropout(Site site, Placed<LinearBlock>[] blocks)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        double[] dropouts =
            [.. blocks.Where(b => b.Block.Delta(b.Tensors) is not null).Select(b => b.Block.Dropout).Distinct().Take(2)];
        return dropouts.Length < 2 ? dropouts.SingleOrDefault()
            : throw new InvalidInputException(
                $"the blocks at {site} have dropouts of {dropouts[0]} and {dropouts[1]}, but under row norms (DoRA) they read one input; "
                    + "give them one dropout");
    }

    /// <summary>Whether the blocks are worked into the weight at present.</summary>
    public bool IsMerged => originalWeight is not null;

    public override bool CanMerge => true;

    protected override nn.Module Host => host;

    protected override void Stand(bool there) => host.Adaptation = there ? this : null;

    public Tensor Forward(Tensor input, Tensor weight, Tensor? bias)
    {
        if (IsMerged) return nn.functional.linear(input, weight, bias);
        using var scope = NewDisposeScope();
        foreach (var (block, tensors) in inputScales) input = input * BlockTensors.As(block.InputScale(tensors)!, input);
        var shape = input.shape;
        shape[^1] = weight.shape[0];
        // Two dimensions let the update be added by the matrix product itself, with no pass of its own over the output.
        var flat = input.reshape(-1, input.shape[^1]);
        var output = magnitudes.Length == 0 ? Added(flat, weight, bias) : Rescaled(flat, weight, bias);
        foreach (var (block, tensors) in outputScales) output = output * BlockTensors.As(block.OutputScale(tensors)!, output);
        return output.view(shape).MoveToOuterDisposeScope();
    }

    private Tensor Added(Tensor input, Tensor weight, Tensor? bias)
    {
        var output = nn.functional.linear(input, weight, bias);
        foreach (var (block, tensors) in blocks) block.AddTo(output, Dropping.Apply(input, block.Dropout, training), tensors);
        return output;
    }

    // DoRA (Liu et al., ICML 2024, section 4.3): the norm is a constant for the gradient. Under dropout the plain part keeps
    // the whole input and only what the method adds sees the dropped one, as in Hugging Face's implementation.
    private Tensor Rescaled(Tensor input, Tensor weight, Tensor? bias)
    {
        Tensor ratio;
        using (no_grad()) ratio = RowNorms.Of(Combined(weight)).reciprocal();
        ratio = (Magnitude() * ratio).to(input.dtype);

        if (!training || dropout == 0) return Added(input, weight, null) * ratio + (bias ?? zeros_like(ratio));
        var dropped = nn.functional.dropout(input, dropout, true);
        var plain = nn.functional.linear(dropped, weight);
        var added = plain * (ratio - 1);
        foreach (var (block, tensors) in blocks)
            if (block.Added(dropped, tensors) is { } more) added = added + more * ratio;
        return nn.functional.linear(input, weight, bias) + added;
    }

    private Tensor Magnitude() => magnitudes[0].Block.Magnitude(magnitudes[0].Tensors)!;

    private Tensor Combined(Tensor weight)
    {
        foreach (var (block, tensors) in blocks)
            if (block.Delta(tensors) is { } delta) weight = weight + delta;
        return weight;
    }

    /// <summary>Works the blocks into weight and bias. Does nothing where they are already.</summary>
    public override void Merge()
    {
        if (IsMerged) return;
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var weight = Combined(host.Weight);
        if (magnitudes.Length > 0) weight = weight * (Magnitude() / RowNorms.Of(weight)).unsqueeze(1);
        Tensor? bias = host.Bias;
        foreach (var (block, tensors) in outputScales)
        {
            var scale = block.OutputScale(tensors)!;
            weight = weight * scale.unsqueeze(1);
            if (bias is not null) bias = bias * scale;
        }
        foreach (var (block, tensors) in inputScales) weight = weight * block.InputScale(tensors)!;

        // A copy, not the inverse operation: undoing a merge then gives the very bits back.
        originalWeight = host.Weight.detach().clone().DetachFromDisposeScope();
        originalBias = host.Bias?.detach().clone().DetachFromDisposeScope();
        host.Weight.copy_(weight);
        if (bias is not null) host.Bias!.copy_(bias);
    }

    /// <summary>Takes the blocks out of weight and bias again. Does nothing where they are not merged.</summary>
    public override void Unmerge()
    {
        if (originalWeight is null) return;
        using (no_grad())
        {
            host.Weight.copy_(originalWeight);
            if (originalBias is not null) host.Bias!.copy_(originalBias);
        }
        ForgetOriginal();
    }

    /// <inheritdoc/>
    public override void Detach(bool keepMerged)
    {
        if (keepMerged) ForgetOriginal();
        else Unmerge();
        base.Detach(keepMerged);
    }

    private void ForgetOriginal()
    {
        originalWeight?.Dispose();
        originalBias?.Dispose();
        (originalWeight, originalBias) = (null, null);
    }
}
