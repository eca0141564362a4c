namespace AutoPeft.Parametrization;

/// <summary>A tensor of a model beside its base, its growth and what the rules ask of it.</summary>
/// <param name="Tensor">The model's tensor.</param>
/// <param name="Base">The base tensor that it answers to.</param>
/// <param name="Growth">By how much it has grown.</param>
/// <param name="Law">How the constructor's initial scale depends on the shape.</param>
/// <param name="FanInGrowth">Growth of the fan-in that the initialiser sees: for a bias, that of the weight beside it.</param>
/// <param name="XavierRatio">Square root of the base's fan-in + fan-out over the model's.</param>
/// <param name="Multiplier">Factor of what it contributes to the forward pass, wherever that goes.</param>
/// <param name="Plan">What the rules ask.</param>
internal sealed record PlannedTensor(
    ModelTensor Tensor, BaseTensor Base, TensorGrowth Growth, InitializerLaw Law, double FanInGrowth, double XavierRatio, double Multiplier,
    TensorPlan Plan);
