namespace AutoPeft.Peft.Optimizers;

/// <summary>
/// What the updates of one tensor differ in from the training's settings, as a parametrisation (muP, say) prescribes it by the tensor's
/// name. Each number is a factor of the setting.
/// </summary>
/// <param name="LearningRate">Factor of the learning rate.</param>
/// <param name="WeightDecay">Factor of the weight decay; biases and other vectors have none whatever this says.</param>
/// <param name="Epsilon">Factor of AdamW's epsilon.</param>
public readonly record struct UpdateFactors(double LearningRate, double WeightDecay = 1, double Epsilon = 1)
{
    /// <summary>Factors of 1, which leave the optimiser's settings as they are.</summary>
    public static UpdateFactors One { get; } = new(1);
}
