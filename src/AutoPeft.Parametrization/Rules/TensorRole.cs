namespace AutoPeft.Parametrization;

/// <summary>What a tensor does with the dimensions that grow; the rules have one row for each role.</summary>
public enum TensorRole
{
    /// <summary>No dimension grows, such as a readout's bias or a gain over a head's fixed dimension.</summary>
    Fixed,

    /// <summary>One axis, which grows: a bias or a normalisation's gain.</summary>
    Vector,

    /// <summary>From a fixed dimension to one that grows: an embedding, a table of positions, a first layer.</summary>
    Input,

    /// <summary>From a dimension that grows to one that grows.</summary>
    Hidden,

    /// <summary>From a dimension that grows to a fixed one: a head.</summary>
    Readout,

    /// <summary>An embedding that also is the readout's weight.</summary>
    Tied,
}
