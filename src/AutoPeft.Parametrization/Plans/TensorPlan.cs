namespace AutoPeft.Parametrization;

/// <summary>What the rules ask of one tensor. All factors are relative to the base model, where they are 1.</summary>
/// <param name="Name">Name of the parameter in the model.</param>
/// <param name="Role">What the tensor does with the dimensions that grow.</param>
/// <param name="InitialScale">Standard deviation of the tensor's initial values, divided by that of the base model's tensor.</param>
/// <param name="LearningRate">Factor of the learning rate.</param>
/// <param name="WeightDecay">Factor of the weight decay, where a step multiplies weights by 1 − rate × decay; 0: no decay.</param>
/// <param name="Epsilon">Factor of Adam's epsilon; 1 for SGD.</param>
/// <param name="Source">Paper or code that the tensor's rules come from.</param>
public sealed record TensorPlan(
    string Name, TensorRole Role, double InitialScale, double LearningRate, double WeightDecay, double Epsilon, string Source);
