namespace AutoPeft.Parametrization;

/// <summary>
/// By which power of its growth a constructor has already changed a tensor's initial scale against the base's: known from the declared law,
/// or recognised among the usual ones.
/// </summary>
internal static class Initializers
{
    /// <summary>The factor that a fresh tensor's values are multiplied by to have the scale that the plan asks for.</summary>
    /// <exception cref="InvalidInputException">The initial scale fits none of the laws; the message names the tensor.</exception>
    public static double Rescaling(PlannedTensor tensor)
    {
        if (tensor.Plan.InitialScale == 0) return 0;
        double now = tensor.Tensor.Scale();
        if (now == 0 && tensor.Base.Scale == 0) return 1;
        if (now == 0 || tensor.Base.Scale == 0)
            throw new InvalidInputException($"{tensor.Plan.Name}: starts at zero in the {(now == 0 ? "model" : "base")} alone; "
                + "initialise base and model alike");
        return tensor.Plan.InitialScale / Own(tensor, now / tensor.Base.Scale);
    }

    /// <summary>The scale that a tensor should have, over what it has; 1 for one that starts at zero.</summary>
    public static double Excess(PlannedTensor tensor)
    {
        double now = tensor.Tensor.Scale(), expected = tensor.Base.Scale * tensor.Plan.InitialScale;
        return expected == 0 ? now == 0 ? 1 : double.PositiveInfinity : now / expected;
    }

    /// <summary>How far the measured ratio of two root mean squares may lie from its expectation, in natural logarithms.</summary>
    public static double Tolerance(PlannedTensor tensor)
    {
        double here = tensor.Tensor.Parameter.numel(), there = tensor.Base.Shape.Aggregate(1.0, (a, b) => a * b);
        return Math.Max(0.15, 5 * Math.Sqrt(1 / (2 * here) + 1 / (2 * there)));
    }

    private static double Own(PlannedTensor tensor, double measured)
    {
        double[] candidates = tensor.Law switch
        {
            InitializerLaw.Constant => [1],
            InitializerLaw.FanIn => [Math.Pow(tensor.FanInGrowth, -0.5)],
            InitializerLaw.FanOut => [Math.Pow(tensor.Growth.Out, -0.5)],
            InitializerLaw.Xavier => [tensor.XavierRatio],
            _ => Laws(tensor),
        };
        // GPT-2 divides what ends a residual branch by √(2·layers): a base of another depth has another divisor.
        if (tensor.Law == InitializerLaw.Detect && tensor.Growth.Depth != 1)
            candidates = [.. candidates, .. candidates.Select(c => c * Math.Pow(tensor.Growth.Depth, -0.5))];
        double nearest = candidates.MinBy(c => Math.Abs(Math.Log(measured / c)));
        if (tensor.Law != InitializerLaw.Detect || Math.Abs(Math.Log(measured / nearest)) <= Tolerance(tensor)) return nearest;
        throw new InvalidInputException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{tensor.Plan.Name}: its initial scale is {measured:0.###} times the base's, which fits no known initialiser; are both models "
            + $"fresh? If so, declare the initialiser (TensorDeclaration.Initializer)"));
    }

    private static double[] Laws(PlannedTensor tensor) =>
    [
        1, Math.Pow(tensor.FanInGrowth, -0.5),
        .. tensor.Tensor.Parameter.dim() > 1 ? new[] { Math.Pow(tensor.Growth.Out, -0.5), tensor.XavierRatio } : [],
    ];
}
