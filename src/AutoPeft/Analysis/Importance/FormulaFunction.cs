using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// The loss of an objective that configurations alone decide: known everywhere, so that nothing is modelled and no interval is needed.
/// </summary>
/// <param name="formula">The objective's formula.</param>
/// <param name="objective">Takes values to losses.</param>
/// <param name="standard">Takes losses to standard deviations.</param>
/// <param name="worst">What stands for a value that is no finite number, such as the logarithm of a count of 0.</param>
internal sealed class FormulaFunction(Formula formula, Objective objective, Standardization standard, double worst) : ISampledFunction
{
    /// <inheritdoc/>
    public int Draws => 1;

    /// <inheritdoc/>
    public void Evaluate(ReadOnlySpan<double> codes, Span<double> values)
    {
        double loss = objective.ToLoss(formula.Value(codes));
        values[0] = standard.Apply(double.IsFinite(loss) ? loss : worst);
    }
}
