namespace AutoPeft.Peft.Adapters;

/// <summary>One tensor that a plan brings or trains, known from the model's shape alone.</summary>
/// <param name="Name">Its name in the adapted model's state dictionary.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Trainable">Whether training changes it.</param>
/// <param name="ShareKey">Tensors of several blocks with the same key are one tensor and count once; null: its own.</param>
internal sealed record ParameterSpec(string Name, IReadOnlyList<long> Shape, bool Trainable = true, string? ShareKey = null)
{
    /// <summary>How many numbers it holds.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Trainable numbers of all tensors, those that are shared counted once.</summary>
    public static long TrainableCount(IEnumerable<ParameterSpec> specs) =>
        specs.Where(s => s.Trainable).DistinctBy(s => s.ShareKey ?? s.Name).Sum(s => s.Count);
}
