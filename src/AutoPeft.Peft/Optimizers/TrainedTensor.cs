using TorchSharp.Modules;

namespace AutoPeft.Peft.Optimizers;

/// <summary>A tensor that is trained.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Parameter">It.</param>
/// <param name="Rate">Factor of the learning rate.</param>
/// <param name="Decay">Weight decay; 0 for biases and other vectors.</param>
/// <param name="Epsilon">Factor of the optimiser's epsilon.</param>
internal sealed record TrainedTensor(string Name, Parameter Parameter, double Rate, double Decay, double Epsilon)
{
    /// <summary>Tensors with what a parametrisation prescribes for them.</summary>
    public static TrainedTensor[] Of(IEnumerable<(string Name, Parameter Parameter)> parameters, UpdateOptions options,
        Func<string, UpdateFactors>? factors) =>
    [
        .. parameters.Select(p => (p.Name, p.Parameter, Own: factors?.Invoke(p.Name) ?? UpdateFactors.One))
            .Select(p => new TrainedTensor(p.Name, p.Parameter, p.Own.LearningRate,
                FlatAdamW.Decays(p.Parameter) ? options.WeightDecay * p.Own.WeightDecay : 0, p.Own.Epsilon)),
    ];
}
