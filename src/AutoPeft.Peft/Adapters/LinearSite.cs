using AutoPeft.Peft.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Adapters;

/// <summary>
/// The blocks at one linear map: y = s_out ∘ (m/‖W + ΣΔ‖ ∘ (W + ΣΔ)·(s_in ∘ x)) + b, each part where there is one.
/// </summary>
internal sealed class LinearSite : nn.Module, ILinearAdaptation
{
    private readonly AdapterBlock[] inputScales;
    private readonly AdapterBlock[] additions;
    // An array though at most one: a field of module type would be registered a second time, under its own name.
    private readonly AdapterBlock[] magnitudes;
    private readonly AdapterBlock[] outputScales;
    private Tensor? originalWeight;
    private Tensor? originalBias;

    /// <param name="site">The place, for messages.</param>
    /// <param name="blocks">The blocks that stand there.</param>
    public LinearSite(Site site, IReadOnlyList<AdapterBlock> blocks) : base(nameof(LinearSite))
    {
        var rest = blocks.ToList();
        AdapterBlock[] Take(Func<AdapterBlock, bool> which)
        {
            AdapterBlock[] taken = [.. rest.Where(which)];
            rest.RemoveAll(b => taken.Contains(b));
            return taken;
        }

        inputScales =
            Take(b => b.Spec is { Core: VectorCore { Length: VectorLength.In }, Read: BlockInput.Input, Compose: Composition.Multiply });
        additions = Take(b => b.Spec is { Core: LowRankCore, Read: BlockInput.Input, Compose: Composition.Add });
        magnitudes = Take(
            b => b.Spec is { Core: VectorCore { Length: VectorLength.Out }, Read: BlockInput.Weight, Compose: Composition.RescaleNorm });
        outputScales =
            Take(b => b.Spec is { Core: VectorCore { Length: VectorLength.Out }, Read: BlockInput.Output, Compose: Composition.Multiply });
        if (rest.Count > 0)
            throw new InvalidInputException($"block '{rest[0].Spec.Name}' ({rest[0].Spec.Core.GetType().Name}, reads {rest[0].Spec.Read}, "
                + $"composes by {rest[0].Spec.Compose}) cannot stand at {site}");
        if (magnitudes.Length > 1) throw new InvalidInputException($"two blocks set the row norms of {site}; leave one");
        foreach (var block in blocks) register_module(block.Spec.Name, block);
    }

    /// <summary>Whether the blocks are worked into the weight at present.</summary>
    public bool IsMerged => originalWeight is not null;

    public Tensor Forward(Tensor input, Tensor weight, Tensor? bias)
    {
        if (IsMerged) return nn.functional.linear(input, weight, bias);
        using var scope = NewDisposeScope();
        foreach (var scale in inputScales) input = input * scale.As("vector", input);
        var shape = input.shape;
        shape[^1] = weight.shape[0];
        // Two dimensions let the update be added by the matrix product itself, with no pass of its own over the output.
        var flat = input.reshape(-1, input.shape[^1]);
        var output = magnitudes.Length == 0 ? Added(flat, weight, bias) : Rescaled(flat, weight, bias, magnitudes[0]);
        foreach (var scale in outputScales) output = output * scale.As("vector", output);
        return output.view(shape).MoveToOuterDisposeScope();
    }

    private Tensor Added(Tensor input, Tensor weight, Tensor? bias)
    {
        var output = nn.functional.linear(input, weight, bias);
        foreach (var block in additions)
        {
            var dropped = Dropping.Apply(input, block.Spec.Dropout, training);
            // Scaling the r numbers a token, in double precision, is cheaper and more exact than scaling the output.
            var inner = dropped.matmul(block.As("A", input).t()) * block.Spec.Scale;
            // In place: neither product needs its result for its gradient.
            output.addmm_(inner, block.As("B", input).t());
        }
        return output;
    }

    // DoRA (Liu et al., ICML 2024, section 4.3): the norm is a constant for the gradient. Under dropout the plain part keeps
    // the whole input and only what the method adds sees the dropped one, as in Hugging Face's implementation.
    private Tensor Rescaled(Tensor input, Tensor weight, Tensor? bias, AdapterBlock magnitude)
    {
        Tensor ratio;
        using (no_grad())
        {
            var combined = Combined(weight);
            ratio = RowNorms.Of(combined).reciprocal();
        }
        ratio = (magnitude["vector"] * ratio).to(input.dtype);

        var dropout = additions.Length > 0 ? additions[0].Spec.Dropout : 0;
        if (!training || dropout == 0) return Added(input, weight, null) * ratio + (bias ?? zeros_like(ratio));
        var dropped = nn.functional.dropout(input, dropout, true);
        var plain = nn.functional.linear(dropped, weight);
        var added = plain * (ratio - 1);
        foreach (var block in additions)
        {
            var inner = dropped.matmul(block.As("A", input).t()) * block.Spec.Scale;
            added = added + inner.matmul(block.As("B", input).t()) * ratio;
        }
        return nn.functional.linear(input, weight, bias) + added;
    }

    private Tensor Combined(Tensor weight) =>
        additions.Aggregate(weight, (sum, block) => sum + LowRankCore.Delta(block, block.Spec.Scale));

    /// <summary>Works the blocks into weight and bias. Does nothing where they are already.</summary>
    public void Merge(AdaptableLinear linear)
    {
        if (IsMerged) return;
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var weight = Combined(linear.Weight);
        if (magnitudes.Length > 0) weight = weight * (magnitudes[0]["vector"] / RowNorms.Of(weight)).unsqueeze(1);
        Tensor? bias = linear.Bias;
        foreach (var scale in outputScales)
        {
            weight = weight * scale["vector"].unsqueeze(1);
            if (bias is not null) bias = bias * scale["vector"];
        }
        foreach (var scale in inputScales) weight = weight * scale["vector"];

        // A copy, not the inverse operation: undoing a merge then gives the very bits back.
        originalWeight = linear.Weight.detach().clone().DetachFromDisposeScope();
        originalBias = linear.Bias?.detach().clone().DetachFromDisposeScope();
        linear.Weight.copy_(weight);
        if (bias is not null) linear.Bias!.copy_(bias);
    }

    /// <summary>Takes the blocks out of weight and bias again. Does nothing where they are not merged.</summary>
    public void Unmerge(AdaptableLinear linear)
    {
        if (originalWeight is null) return;
        using (no_grad())
        {
            linear.Weight.copy_(originalWeight);
            if (originalBias is not null) linear.Bias!.copy_(originalBias);
        }
        ForgetOriginal();
    }

    /// <summary>Gives up the way back: the merged weights stay.</summary>
    public void ForgetOriginal()
    {
        originalWeight?.Dispose();
        originalBias?.Dispose();
        (originalWeight, originalBias) = (null, null);
    }
}
