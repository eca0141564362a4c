using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Parametrization;

/// <summary>The gradient over all weights of a model that are trained, as one vector in double precision in the host's memory.</summary>
internal sealed class FlatGradient
{
    private readonly Parameter[] _parameters;

    /// <exception cref="InvalidInputException">Nothing of the model is trained.</exception>
    public FlatGradient(nn.Module model)
    {
        _parameters = [.. model.parameters().Where(p => p.requires_grad)];
        if (_parameters.Length == 0) throw new InvalidInputException("nothing of the model is trained, so its loss has no gradient");
    }

    /// <summary>The weights in the vector's order.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Entries of the vector.</summary>
    public long Size => _parameters.Sum(p => p.numel());

    /// <summary>
    /// The gradient of a loss; that of weights on which the loss does not depend is 0. The weights' own gradients are cleared.
    /// </summary>
    /// <exception cref="InvalidInputException">The loss depends on no trained weight, or loss or gradient is not finite.</exception>
    public Tensor Of(Func<Tensor> loss)
    {
        using var scope = NewDisposeScope();
        Clear();
        try
        {
            Tensor value = loss();
            double at = value.ToDouble();
            if (!double.IsFinite(at)) throw new InvalidInputException($"the loss is {at}; it must be finite");
            if (!value.requires_grad) throw new InvalidInputException("the loss depends on no weight that is trained");
            value.backward();
            Tensor gradient = cat([.. _parameters.Select(p => p.grad is { } own ? own.detach().reshape(-1).to(ScalarType.Float64).cpu()
                : zeros(p.numel(), ScalarType.Float64))]);
            if (!double.IsFinite(gradient.norm().ToDouble()))
                throw new InvalidInputException($"the loss is {at}, and its gradient is not finite");
            return gradient.MoveToOuterDisposeScope();
        }
        finally
        {
            Clear();
        }
    }

    private void Clear()
    {
        foreach (Parameter parameter in _parameters) parameter.grad = null!;
    }
}
