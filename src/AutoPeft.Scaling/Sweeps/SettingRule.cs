using AutoPeft.Scaling.Data;
using AutoPeft.Scaling.Laws;
using AutoPeft.Scaling.Optima;

namespace AutoPeft.Scaling.Sweeps;

/// <summary>Anything that proposes a learning rate and batch size for a grid: a law or a fixed setting.</summary>
/// <param name="Key">Short name, as in machine-readable output.</param>
/// <param name="Name">The rule's name as tables and figures show it.</param>
/// <param name="Propose">Learning rate and batch in tokens; null where the rule states none.</param>
public sealed record SettingRule(string Key, string Name, Func<SweepGrid, (double? LearningRate, double? BatchTokens)> Propose)
{
    /// <summary>A published law, asked with the grid's N, D, and least loss (as its comparisons state OpenAI's batch size).</summary>
    public static SettingRule Of(PublishedLaw law) => new(law.Key, law.Name, g =>
    {
        var q = new LawQuery(g.Params, g.Tokens, g.MinLoss, g.ModelScale);
        return (law.LearningRate(q), law.BatchTokens(q));
    });

    /// <summary>
    /// The single setting with the least mean gap over the training grids: what a law has to beat to be worth anything.
    /// Settings that every training grid ran are preferred.
    /// </summary>
    public static SettingRule BestFixed(IReadOnlyList<SweepGrid> training)
    {
        var cells =
            training.SelectMany(g => g.Cells.Select(c => c.Cell)).GroupBy(c => c).Select(c => (Cell: c.Key, Count: c.Count())).ToList();
        int most = cells.Max(c => c.Count);
        var best = cells.Where(c => c.Count == most)
            .MinBy(c => training.Average(g => LossSurface.Nearest(g, c.Cell.LearningRate, c.Cell.BatchTokens) / g.MinLoss)).Cell;
        return new SettingRule("best-fixed",
            FormattableString.Invariant($"best fixed setting (lr {best.LearningRate:G4}, {best.BatchTokens / 1000:0} k tokens)"),
            _ => (best.LearningRate, best.BatchTokens));
    }
}
