namespace AutoPeft.Parametrization;

/// <summary>
/// A factor as powers of growth: in^<see cref="In"/> · out^<see cref="Out"/> · depth^<see cref="Depth"/>, times a constant.
/// </summary>
internal readonly record struct Powers(double In = 0, double Out = 0, double Depth = 0, double Constant = 1)
{
    /// <summary>The factor 1.</summary>
    public static Powers One => new(0, 0, 0, 1);

    /// <summary>The factor's value.</summary>
    public double Of(TensorGrowth growth) =>
        Constant * Math.Pow(growth.In, In) * Math.Pow(growth.Out, Out) * Math.Pow(growth.Depth, Depth);
}
