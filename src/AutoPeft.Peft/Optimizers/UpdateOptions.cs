namespace AutoPeft.Peft.Optimizers;

/// <summary>What an optimiser takes from a training, whatever is trained.</summary>
internal sealed record UpdateOptions
{
    /// <summary>
    /// Decay rate of the mean gradient, in [0, 1). Default 0.9, AdamW's; methods with decay rates of their own ignore it.
    /// </summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay rate of the mean squared gradient, in [0, 1). Default 0.999, AdamW's.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Keeps AdamW's quotient finite, above 0. Default 1e-8, AdamW's.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// Decoupled weight decay of matrices (Loshchilov and Hutter, ICLR 2019), per unit of learning rate. Default 0.01, BERT's.
    /// </summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Longest gradient, in the Euclidean norm over all tensors; longer ones are scaled down. Default 1.</summary>
    public double MaxGradientNorm { get; init; } = 1;
}
