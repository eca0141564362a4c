namespace AutoPeft.Parametrization;

/// <summary>
/// Which axis of a tensor is fan-in and which fan-out, read off the module that holds it. Modules are known by their type's name, so that a
/// person's own "MyLinear" counts as a linear layer; anything else has to be declared where it matters.
/// </summary>
internal readonly record struct TensorAxes(int In, int Out, bool Known, bool IsEmbedding)
{
    /// <summary>The axes of a tensor with two or more dimensions.</summary>
    public static TensorAxes Of(TensorOwner owner, int? declared)
    {
        string type = owner.Module.GetType().Name;
        if (declared is { } axis) return new(axis, axis == 0 ? 1 : 0, Known: true, IsEmbedding: false);
        if (type.Contains("Embedding", StringComparison.Ordinal)) return new(0, 1, Known: true, IsEmbedding: true);
        if (type.Contains("ConvTranspose", StringComparison.Ordinal)) return new(0, 1, Known: true, IsEmbedding: false);
        bool known = s_outFirst.Any(word => type.Contains(word, StringComparison.Ordinal));
        return new(1, 0, known, IsEmbedding: false);
    }

    // Modules whose matrices are [fan-out, fan-in, …].
    private static readonly string[] s_outFirst = ["Linear", "Conv", "MultiheadAttention", "LSTM", "GRU", "RNN"];
}
