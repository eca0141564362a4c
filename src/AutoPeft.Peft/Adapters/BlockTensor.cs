namespace AutoPeft.Peft.Adapters;

/// <summary>One tensor that a block brings to the model: name, shape, initial values and whether it is trained.</summary>
/// <param name="Name">The tensor's name inside the block.</param>
/// <param name="Shape">Sizes of the tensor's dimensions.</param>
/// <param name="Start">Values that the tensor starts with.</param>
/// <param name="Trained">Whether training changes the tensor. Default true; false for projections that stay as they were drawn.</param>
public sealed record BlockTensor(string Name, IReadOnlyList<long> Shape, Initialization Start, bool Trained = true)
{
    /// <summary>How many numbers the tensor holds.</summary>
    internal long Count => Shape.Aggregate(1L, (product, size) => product * size);
}
