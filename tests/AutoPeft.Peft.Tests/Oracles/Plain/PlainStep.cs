using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AutoPeft.Peft.Tests.Oracles.Plain;

/// <summary>A training step as one writes it by hand: forward, cross-entropy, backward, clipping to 1, TorchSharp's AdamW.</summary>
internal sealed class PlainStep : IDisposable
{
    private readonly PlainBert _model;
    private readonly Parameter[] _trained;
    private readonly optim.Optimizer _adam;

    /// <param name="model">The model; parameters that require no gradient stay as they are.</param>
    /// <param name="weightDecay">Of matrices; vectors have none.</param>
    public PlainStep(PlainBert model, double weightDecay)
    {
        _model = model;
        _trained = [.. model.parameters().Where(p => p.requires_grad)];
        AdamW.ParamGroup Group(bool matrices, double decay) =>
            new(_trained.Where(p => p.dim() > 1 == matrices), new AdamW.Options { weight_decay = decay });
        _adam = optim.AdamW([Group(true, weightDecay), Group(false, 0)], beta2: 0.999);
    }

    /// <returns>The loss before the update; NaN where it is not read.</returns>
    public double Run(Tensor ids, Tensor types, Tensor mask, Tensor labels, double learningRate, bool read = true)
    {
        using var scope = NewDisposeScope();
        foreach (var group in _adam.ParamGroups) group.LearningRate = learningRate;
        _adam.zero_grad();
        var loss = nn.functional.cross_entropy(_model.forward(ids, types, mask), labels);
        loss.backward();
        nn.utils.clip_grad_norm_(_trained, 1.0);
        _adam.step();
        return read ? loss.ToDouble() : double.NaN;
    }

    public void Dispose() => _adam.Dispose();
}
