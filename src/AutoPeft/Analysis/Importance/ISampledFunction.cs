namespace AutoPeft.Analysis.Importance;

/// <summary>
/// A function over a space as a model knows it: its best guess, and draws of what it may be as well. A share of variance is computed for
/// each draw, and their spread is the interval.
/// </summary>
internal interface ISampledFunction
{
    /// <summary>Number of draws, S.</summary>
    int Draws { get; }

    /// <summary>Draws at a configuration, in standard deviations of the loss.</summary>
    /// <param name="codes">One per parameter, NaN where inactive.</param>
    /// <param name="values">S of them.</param>
    void Evaluate(ReadOnlySpan<double> codes, Span<double> values);
}
