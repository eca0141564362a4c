namespace AutoPeft.Parametrization;

/// <summary>What a person says of tensors whose role cannot be read off their module.</summary>
/// <param name="Name">The parameter's name; * stands for any run of characters.</param>
public sealed record TensorDeclaration(string Name)
{
    /// <summary>The role; null: found from the module and the dimensions that grow.</summary>
    public TensorRole? Role { get; init; }

    /// <summary>
    /// The axis that a product sums over, from 0; null: 1, as in torch's linear layers and convolutions, and 0 for a transposed
    /// convolution and for a matrix that is multiplied from the right.
    /// </summary>
    public int? FanInAxis { get; init; }

    /// <summary>How the constructor's initial scale depends on the shape. Default: found by comparison with the base.</summary>
    public InitializerLaw Initializer { get; init; }
}
