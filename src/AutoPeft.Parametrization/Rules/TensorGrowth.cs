namespace AutoPeft.Parametrization;

/// <summary>By how much a tensor has grown over its base.</summary>
/// <param name="In">Fan-in over the base's; 1 where it does not grow.</param>
/// <param name="Out">Fan-out over the base's; 1 where it does not grow. A vector's one axis is its fan-out.</param>
/// <param name="Depth">Number of blocks over the base's, for a tensor in a block; 1 outside.</param>
internal readonly record struct TensorGrowth(double In, double Out, double Depth);
