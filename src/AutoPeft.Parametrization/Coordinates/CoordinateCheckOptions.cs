namespace AutoPeft.Parametrization;

/// <summary>How a coordinate check is run and judged.</summary>
public sealed record CoordinateCheckOptions
{
    /// <summary>Updates of each model, from 2. Default: 4; the first show what initialisation hides.</summary>
    public int Steps { get; init; } = 4;

    /// <summary>Updates before the first forward pass that is judged. Default: 2; outputs and attention logits may start small.</summary>
    public int FirstJudged { get; init; } = 2;

    /// <summary>Models of each size, with seeds 0, 1, …. Default: 3.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>
    /// Largest slope of log mean |x| against log size that passes; outputs may shrink by twice the slope, since finite models do so a
    /// little while their attention is learned. Default: 0.1, a factor of 1.3 over 16-fold width.
    /// </summary>
    public double Tolerance { get; init; } = 0.1;

    /// <summary>Level of the slopes' intervals. Default: 95 %.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>What grows in the check. Default: the width.</summary>
    public CoordinateAxis Axis { get; init; }

    /// <exception cref="InvalidInputException">An option is out of its range.</exception>
    internal void Validate()
    {
        if (Steps < 2) throw new InvalidInputException($"Steps is {Steps}; it must be 2 or more");
        if (FirstJudged < 0 || FirstJudged > Steps) throw new InvalidInputException($"FirstJudged is {FirstJudged}; it must be "
            + $"between 0 and Steps");
        if (Seeds < 1) throw new InvalidInputException($"Seeds is {Seeds}; it must be 1 or more");
        if (!(Tolerance > 0)) throw new InvalidInputException($"Tolerance is {Tolerance}; it must be positive");
        if (Confidence is not (> 0 and < 1)) throw new InvalidInputException($"Confidence is {Confidence}; it must be between 0 and 1");
    }
}
