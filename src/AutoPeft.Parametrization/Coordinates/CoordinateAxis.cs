namespace AutoPeft.Parametrization;

/// <summary>What grows in a coordinate check.</summary>
public enum CoordinateAxis
{
    /// <summary>The width; modules are compared one by one.</summary>
    Width,

    /// <summary>The depth; modules of a block are averaged over the blocks, since deeper models have more of them.</summary>
    Depth,
}
