using AutoPeft.Scheduling;
using AutoPeft.Studies;

namespace AutoPeft.Cli.Laws;

/// <summary>
/// Ends runs that are clearly behind the best of their own grid (one size, one number of tokens) at equal shares of the training. Only
/// runs near a grid's optimum say where it lies; losses of other grids say nothing.
/// </summary>
/// <param name="metric">The loss that is reported.</param>
internal sealed class GridPruner(string metric) : IScheduler
{
    /// <summary>
    /// How far behind is clearly behind, after one third of the training and after two. Large batches and high rates catch up while the
    /// rate decays; surfaces are read within 2 % of the best at the end.
    /// </summary>
    private static readonly double[] s_margins = [1.2, 1.1];

    /// <inheritdoc/>
    public string Name => "grid";

    /// <inheritdoc/>
    public IReadOnlyList<string> Reads(StudyDefinition study) => [metric];

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        Report last = trial.Reports[^1];
        if (!last.Metrics.TryGetValue(metric, out double own)) return Decision.Continue;
        double best = study.Trials.Where(t => t != trial && SameGrid(t, trial)).SelectMany(t => t.Reports)
            .Where(r => r.Step == last.Step).Select(r => r.Metrics.GetValueOrDefault(metric, double.NaN)).Where(double.IsFinite)
            .DefaultIfEmpty(double.PositiveInfinity).Min();
        return own > s_margins[(int)Math.Clamp(last.Step, 1, s_margins.Length) - 1] * best ? Decision.Stop : Decision.Continue;
    }

    private static bool SameGrid(Trial a, Trial b) => a.Configuration.GetString(LawSweep.Size) == b.Configuration.GetString(LawSweep.Size)
        && a.Configuration.GetDouble(LawSweep.Tokens) == b.Configuration.GetDouble(LawSweep.Tokens);
}
