namespace AutoPeft.Running;

/// <summary>
/// One attempt of one trial of a study. A trial is attempted again after its worker was lost; results of superseded attempts are refused.
/// </summary>
/// <param name="Trial">The trial's number, from 0.</param>
/// <param name="Attempt">1 for the first attempt, one more after each requeue, pause or promotion.</param>
public readonly record struct AttemptId(int Trial, int Attempt)
{
    /// <summary>The attempt in words, such as "attempt 2 of trial 7".</summary>
    public override string ToString() => $"attempt {Attempt} of trial {Trial}";
}
