namespace AutoPeft.Scaling.Laws;

/// <summary>A power law y = c·Π xⱼ^kⱼ of one or more regressors. Immutable.</summary>
/// <param name="Constant">Factor c of the power law.</param>
/// <param name="Exponents">Exponent of each regressor, by name, in a fixed order.</param>
public sealed record PowerLaw(double Constant, IReadOnlyList<KeyValuePair<string, double>> Exponents)
{
    /// <summary>The exponent of a regressor.</summary>
    public double this[string regressor] => Exponents.First(e => e.Key == regressor).Value;

    /// <summary>The value at regressors given in the exponents' order.</summary>
    public double Predict(params ReadOnlySpan<double> x)
    {
        double y = Math.Log(Constant);
        for (int j = 0; j < x.Length; j++) y += Exponents[j].Value * Math.Log(x[j]);
        return Math.Exp(y);
    }

    /// <summary>Such as "1.79·N^−0.7130·D^0.3070".</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Constant:G4}")
        + string.Concat(Exponents.Select(
            e => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"·{e.Key}^{e.Value:0.0000}").Replace('-', '−')));
}
