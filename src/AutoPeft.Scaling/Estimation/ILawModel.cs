namespace AutoPeft.Scaling.Estimation;

/// <summary>What a law predicts for each row, with derivatives. Implementations are immutable and safe for concurrent use.</summary>
internal interface ILawModel
{
    /// <summary>Number of rows.</summary>
    int Count { get; }

    /// <summary>Number of parameters p.</summary>
    int ParameterCount { get; }

    /// <summary>Predicts rows <paramref name="from"/> … <paramref name="from"/> + B − 1.</summary>
    /// <param name="theta">Parameters, length p.</param>
    /// <param name="from">First row.</param>
    /// <param name="value">Predictions, length B.</param>
    /// <param name="gradient">Derivatives by parameter, p × B, parameter-major; empty where none are wanted.</param>
    void Evaluate(ReadOnlySpan<double> theta, int from, Span<double> value, Span<double> gradient);
}
