namespace AutoPeft.Scaling.Data;

/// <summary>The runs cannot support what was asked of them: says what is wrong, where, and what to do.</summary>
public class ScalingDataException(string message) : InvalidInputException(message);

/// <summary>
/// A fit ended without a trustworthy minimum (it did not converge, or stopped on a bound).
/// It is an exception, not a flag, so that nobody reads coefficients of a fit that has none.
/// </summary>
/// <param name="reason">What went wrong, without a full stop: "the fit ends on a bound: …".</param>
/// <param name="advice">How the message goes on: what follows from the reason, and what to do.</param>
public sealed class FitDidNotConvergeException(string reason, string advice) : ScalingDataException(reason + advice)
{
    /// <summary>What went wrong, in words that can stand within another sentence.</summary>
    public string Reason { get; } = reason;
}
