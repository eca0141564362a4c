namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>What a proposal maximises.</summary>
internal interface IAcquisition
{
    /// <summary>The value at a point.</summary>
    double Value(Candidate at);

    /// <summary>The value, and its derivatives by the positions of the relaxed parameters (0 elsewhere).</summary>
    double Value(Candidate at, Span<double> gradient);
}

/// <summary>
/// The logarithm of the mean of several acquisitions, which are logarithms themselves: improvement expected over hyperparameters as well.
/// Holds a workspace; not thread-safe.
/// </summary>
internal sealed class AcquisitionMixture(IReadOnlyList<IAcquisition> members, int parameters) : IAcquisition
{
    private readonly double[] _values = new double[members.Count];
    private readonly double[][] _gradients = [.. members.Select(_ => new double[parameters])];

    /// <inheritdoc/>
    public double Value(Candidate at)
    {
        for (int e = 0; e < members.Count; e++) _values[e] = members[e].Value(at);
        return LogMean();
    }

    /// <inheritdoc/>
    public double Value(Candidate at, Span<double> gradient)
    {
        for (int e = 0; e < members.Count; e++) _values[e] = members[e].Value(at, _gradients[e]);
        double value = LogMean();
        gradient.Clear();
        for (int e = 0; e < members.Count; e++)
        {
            double share = Math.Exp(_values[e] - value) / members.Count;
            if (share > 0)
                for (int i = 0; i < gradient.Length; i++) gradient[i] += share * _gradients[e][i];
        }
        return value;
    }

    private double LogMean()
    {
        double top = _values.Max(), sum = 0;
        if (!double.IsFinite(top)) return top;
        foreach (double v in _values) sum += Math.Exp(v - top);
        return top + Math.Log(sum / _values.Length);
    }
}
