namespace AutoPeft.Parametrization;

/// <summary>What a parametrisation cannot see in shapes and modules. All of it may be left out for most models.</summary>
public sealed record ParametrizationOptions
{
    /// <summary>Tensors whose role, fan-in or initialiser has to be said, such as a table of positions that is a bare parameter.</summary>
    public IReadOnlyList<TensorDeclaration> Tensors { get; init; } = [];

    /// <summary>
    /// The modules that end the residual branches, such as "layers.*.attention.output" and "layers.*.mlp.down": what they put out is
    /// multiplied by r^−α. Needed where depth grows under a depth rule; * stands for any run of characters.
    /// </summary>
    public IReadOnlyList<string> Branches { get; init; } = [];

    /// <summary>
    /// The query projections of a model that divides attention logits by √d while the head's dimension d grows with the width: what they
    /// put out is multiplied by (d/d_base)^−½, which makes the division one by d. Leave empty where the number of heads grows instead,
    /// or where the model uses <see cref="Parametrization.AttentionScale"/>.
    /// </summary>
    public IReadOnlyList<string> Queries { get; init; } = [];

    /// <summary>
    /// For a model that uses its embedding's weight as the head without a module of its own: the module whose output goes into that
    /// product, such as the final norm. What it puts out is divided by the width's growth. Null: heads are modules.
    /// </summary>
    public string? TiedReadoutAfter { get; init; }

    /// <summary>
    /// Tensors that start at zero at every size, such as the head's weight and the query projections: network outputs and attention logits
    /// otherwise start smaller in wider models (by m^−½) and need some steps to forget it. Recommended by microsoft/mup (README, "Coord
    /// Check"). Default: none.
    /// </summary>
    public IReadOnlyList<string> StartAtZero { get; init; } = [];

    /// <summary>Where forward multipliers go. Default: folded, since nothing has to be kept then.</summary>
    public MultiplierForm Form { get; init; } = MultiplierForm.Folded;
}
