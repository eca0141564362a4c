using System.Numerics;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// What may tell where a trial ends besides the course of its objectives: its configuration, and every other metric that it reports
/// (training loss, gradient norm: Pareja et al. 2024 found them to be earlier signs than the score). Numbers on their unit scale with their
/// squares, since the best learning rate lies in the middle; names one by one; metrics as last reported, in the logarithm where all are
/// positive.
/// </summary>
internal sealed class TrialFeatures
{
    private readonly SearchSpace _space;
    private readonly (string Name, bool Log)[] _metrics;

    /// <param name="study">Whose trials are to be told apart; metrics count that most of its trials report.</param>
    public TrialFeatures(IStudyView study)
    {
        _space = study.Definition.Space;
        Report[] last = [.. study.Trials.Where(t => t.Reports.Count > 0).Select(t => t.Reports[^1])];
        _metrics =
        [
            .. last.SelectMany(r => r.Metrics.Keys).GroupBy(k => k, StringComparer.Ordinal).Where(g => 2 * g.Count() > last.Length)
                .Select(g => g.Key).Order(StringComparer.Ordinal)
                .Select(name => (name, study.Trials.All(t => t.Reports.All(r => !r.Metrics.TryGetValue(name, out double v) || v > 0)))),
        ];
    }

    /// <summary>Features of a trial as it stood at a step; a metric that is missing or no number is NaN.</summary>
    public double[] Of(Trial trial, long step)
    {
        var row = new List<double>();
        ReadOnlySpan<double> codes = trial.Configuration.Codes;
        for (int i = 0; i < codes.Length; i++) Add(row, _space.Parameters[i], codes[i], _space.ParentOf(i) >= 0);
        Report[] so = [.. trial.Reports.TakeWhile(r => r.Step <= step).TakeLast(1)];
        foreach ((string name, bool log) in _metrics)
        {
            double value = so.Length > 0 ? so[0].Metrics.GetValueOrDefault(name, double.NaN) : double.NaN;
            if (log) value = Math.Log(value);
            row.Add(double.IsFinite(value) ? value : double.NaN);
        }
        return [.. row];
    }

    /// <summary>Puts each column's mean where a value is missing; a column without any is 0.</summary>
    public static void Fill(IReadOnlyList<double[]> rows)
    {
        if (rows.Count == 0) return;
        for (int j = 0; j < rows[0].Length; j++)
        {
            double sum = 0;
            int count = 0;
            foreach (double[] row in rows)
                if (!double.IsNaN(row[j])) (sum, count) = (sum + row[j], count + 1);
            foreach (double[] row in rows)
                if (double.IsNaN(row[j])) row[j] = count > 0 ? sum / count : 0;
        }
    }

    private static void Add(List<double> row, Parameter parameter, double code, bool conditional)
    {
        bool active = !double.IsNaN(code);
        if (conditional) row.Add(active ? 1 : 0);
        switch (parameter)
        {
            case CategoricalParameter names:
                for (int k = 0; k < names.Choices.Length; k++) row.Add(active && (int)code == k ? 1 : 0);
                break;
            case SubsetParameter subset:
                ulong chosen = active ? (ulong)code : 0;
                for (int k = 0; k < subset.Items.Length; k++) row.Add((chosen >> k) & 1);
                row.Add(BitOperations.PopCount(chosen));
                break;
            default:
                double centred = active ? 2 * parameter.ToUnit(code) - 1 : 0;
                row.Add(centred);
                if (parameter.Cardinality is null or > 2) row.Add(active ? centred * centred : 0);
                break;
        }
    }
}
