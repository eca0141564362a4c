namespace AutoPeft.Parametrization;

/// <summary>What is known of one tensor of the base model.</summary>
/// <param name="Name">The parameter's name, as <c>named_parameters</c> gives it.</param>
/// <param name="Shape">Sizes of the tensor's dimensions in the base model.</param>
/// <param name="Grows">
/// For each dimension, whether it grows with the model; null: no delta model was given, and every dimension that differs from the base
/// counts as one that grows.
/// </param>
/// <param name="Scale">Root mean square of the base model's freshly initialised values; 0 for a tensor that starts at zero.</param>
public sealed record BaseTensor(string Name, IReadOnlyList<long> Shape, IReadOnlyList<bool>? Grows, double Scale);
