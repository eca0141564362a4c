using AutoPeft.Peft.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.SelfTuning;

/// <summary>What the layers of a self-tuning network read while a batch runs.</summary>
internal sealed class TuningBatch
{
    /// <summary>Unconstrained regularisation of each example, <c>[b, k]</c>.</summary>
    public Tensor Numbers { get; set; } = null!;

    /// <summary>Whether dropout acts: in training steps, not where the regularisation is judged.</summary>
    public bool Drops { get; set; }
}

/// <summary>
/// A linear map whose weights are a best response to the regularisation (MacKay, Vicol, Lorraine, Duvenaud and Grosse, "Self-Tuning
/// Networks", ICLR 2019, section 3.2): for an example with numbers λ y = x·(W + diag(V·λ)·U)ᵀ + b + C·λ. The rows of W are moved
/// by λ, so a batch whose examples have different λ costs two products and no weights of its own. V and C start at zero: the map begins
/// as the one it stands in for. What it reads is dropped at the rate that λ says.
/// </summary>
internal sealed class BestResponseLinear : ILinearAdaptation, IDisposable
{
    private readonly TuningBatch _batch;
    private readonly int _dropout;
    private readonly Parameter? _weight, _scale, _shift;

    /// <param name="linear">What it stands in for.</param>
    /// <param name="batch">Where λ comes from.</param>
    /// <param name="dropout">Which of the numbers is its dropout.</param>
    /// <param name="responds">False leaves the response out: a map with dropout and no more, for fixed regularisation.</param>
    public BestResponseLinear(AdaptableLinear linear, TuningBatch batch, int dropout, bool responds)
    {
        (_batch, _dropout) = (batch, dropout);
        linear.Adaptation = this;
        if (!responds) return;
        using var scope = NewDisposeScope();
        _weight = new Parameter(linear.Weight.detach().clone());
        _scale = new Parameter(zeros(linear.OutFeatures, Regularization.Count, device: linear.Weight.device));
        _shift = new Parameter(zeros(linear.OutFeatures, Regularization.Count, device: linear.Weight.device));
        foreach (Parameter p in Parameters) p.DetachFromDisposeScope();
    }

    /// <summary>U <c>[out, in]</c>, V and C <c>[out, k]</c>; none without a response.</summary>
    public IEnumerable<Parameter> Parameters => _weight is null ? [] : [_weight, _scale!, _shift!];

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor numbers = _batch.Numbers, read = input;
        // [b, k] meets [b, tokens, in].
        Tensor Broadcast(Tensor rows) => input.dim() == 3 ? rows.unsqueeze(1) : rows;
        if (_batch.Drops)
        {
            Tensor rate = Broadcast(Regularization.Column(numbers, _dropout).unsqueeze(-1)).detach();
            read = input * rand_like(input).ge(rate).to(input.dtype) / (1 - rate);
        }
        Tensor result = nn.functional.linear(read, weight, bias);
        if (_weight is not null)
            result = result + nn.functional.linear(read, _weight) * Broadcast(numbers.matmul(_scale!.t()))
                + Broadcast(numbers.matmul(_shift!.t()));
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Parameter p in Parameters) p.Dispose();
    }
}
