namespace AutoPeft.Peft.Adapters;

/// <summary>One tensor of a core.</summary>
/// <param name="Name">Its name inside the block.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Start">How it starts.</param>
internal sealed record CoreTensor(string Name, long[] Shape, Initialization Start);

/// <summary>What a core must know of the model and its site to say its shapes.</summary>
/// <param name="In">Width of what it reads.</param>
/// <param name="Out">Width of what it gives.</param>
/// <param name="Heads">Attention heads of the model.</param>
internal readonly record struct CoreShape(int In, int Out, int Heads);

/// <summary>
/// The functional form of a block: which tensors it has and what it computes from them. Immutable and stateless; the tensors
/// live in a <see cref="AdapterBlock"/>.
/// </summary>
public abstract record Core
{
    /// <summary>The tensors, from shapes alone.</summary>
    internal abstract IReadOnlyList<CoreTensor> Tensors(CoreShape shape);

    /// <summary>
    /// Parameters as papers count them: no biases, and a prefix by its keys and values however they are made. The default is
    /// the exact number.
    /// </summary>
    internal virtual long PaperCount(CoreShape shape) => Tensors(shape).Sum(t => t.Shape.Aggregate(1L, (product, size) => product * size));
}
