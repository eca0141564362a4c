namespace AutoPeft.Studies;

/// <summary>
/// Whose checkpoint a trial goes on from instead of starting at the beginning: population-based training (see
/// <see cref="Population.PopulationScheduler"/>).
/// </summary>
/// <param name="Number">Number of the trial whose checkpoint is used, an earlier one.</param>
/// <param name="Step">The step of the report with which it left its device at that checkpoint.</param>
public sealed record TrialParent(int Number, long Step)
{
    /// <summary>The parent in words, such as "trial 3 at step 4".</summary>
    public override string ToString() => $"trial {Number} at step {Step}";
}
