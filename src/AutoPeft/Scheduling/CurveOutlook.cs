using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>
/// Where trials of a study will end, measured against the front that is there. A trial's end is extrapolated from its curve
/// (<see cref="CurveEnsemble"/>); what completed trials did beyond that, as their configurations and other metrics tell it, corrects the
/// forecast, and how wrong corrected forecasts from the same step were is its uncertainty.
/// </summary>
internal sealed class CurveOutlook
{
    /// <summary>Joint draws of a trial's end: probabilities to half a percent.</summary>
    private const int Draws = 1_000;

    /// <summary>Completed trials that a correction needs.</summary>
    private const int LeastCompleted = 6;

    private readonly IStudyView _study;
    private readonly RankingMeasure _measure;
    private readonly bool _correct;
    private readonly List<double[]> _front = [];
    private readonly CurveEnsemble?[] _ensembles;
    private readonly bool[] _constant;
    private readonly double _horizon;
    private readonly List<(Trial Trial, List<(long Step, double[] Losses)> Curve, double[] Final)> _whole = [];
    private readonly Dictionary<(int, long), Correction?> _corrections = [];
    private readonly TrialFeatures? _features;
    private readonly LossScales _scales = LossScales.Of([]);

    /// <param name="study">What is known.</param>
    /// <param name="options">What is compared, and at which step trials end.</param>
    /// <param name="trial">Whose end is asked for: its own curve does not count among the others. Null to ask for several.</param>
    public CurveOutlook(IStudyView study, CurveOptions options, Trial? trial)
    {
        (_study, _measure, _correct) = (study, options.Measure, options.Configurations);
        StudyDefinition definition = study.Definition;
        (Trial Trial,
            List<(long Step, double[] Losses)> Curve)[] curves = [.. study.Trials.Where(t => t != trial && t.State != TrialState.Failed)
                .Select(t => (t, Curve(t))).Where(c => c.Item2.Count > 0)];
        List<(long Step, double[] Losses)> own = trial is null ? [] : Curve(trial);
        _scales = LossScales.Of([.. curves.Append((Trial: trial!, Curve: own)).SelectMany(c => c.Curve.Select(p => p.Losses)),
            .. study.Completed.Select(t => _measure.Final(definition, t)).OfType<double[]>()]);
        if (!_scales.IsIdentity)
        {
            curves = [.. curves.Select(c => (c.Trial, Curve(c.Trial)))];
            own = trial is null ? [] : Curve(trial);
        }
        int m = curves.Length > 0 ? curves[0].Curve[0].Losses.Length : 0;
        _ensembles = new CurveEnsemble?[m];
        _constant = new bool[m];
        if (m == 0 || (trial is not null && own.Count == 0)) return;
        long furthest = Math.Max(curves.Max(c => c.Curve[^1].Step), own.Count > 0 ? own[^1].Step : 0),
            first = Math.Min(own.Count > 0 ? own[0].Step : long.MaxValue, curves.Min(c => c.Curve[0].Step));
        _horizon = options.Max ?? furthest;
        if (_horizon <= first) return;
        foreach ((Trial t, List<(long Step, double[] Losses)> curve) in curves)
        {
            // Where trials keep their best, what a running one has is certain.
            if (Final(t) is { } final)
            {
                _front.Add(final);
                _whole.Add((t, curve, final));
            }
            else if (_measure.BestSoFar && t.State == TrialState.Running) _front.Add(curve[^1].Losses);
        }
        for (int j = 0; j < m; j++)
        {
            int coordinate = j;
            _constant[j] = curves.Select(c => c.Curve).Append(own)
                .All(c => c.Count == 0
                    || (double.IsFinite(c[0].Losses[coordinate]) && c.All(p => p.Losses[coordinate] == c[0].Losses[coordinate])));
        }
        for (int j = 0; j < m; j++)
        {
            int coordinate = j;
            if (_constant[j]) continue;
            _ensembles[j] = new CurveEnsemble(
                [.. curves.Select(c => new PastCurve(Points(c.Trial, c.Curve, coordinate), Known(c.Curve)))
                    .Where(c => c.Points.Length >= 3)], Math.Max(first, 1), Math.Max(_horizon, first + 1));
        }
        IsKnown = _front.Count > 0 && !Array.TrueForAll(_constant, c => c);
        if (_correct && IsKnown) _features = new TrialFeatures(study);
    }

    /// <summary>Whether there is anything to compare with.</summary>
    public bool IsKnown { get; }

    /// <summary>Probability that nothing of the front dominates the trial's end; 1 where its curve tells nothing.</summary>
    public double Chance(Trial trial)
    {
        List<(long Step, double[] Losses)> own = Curve(trial);
        if (own.Count == 0) return 1;
        int m = own[0].Losses.Length;
        var forecasts = new CurveForecast?[m];
        for (int j = 0; j < m; j++)
        {
            if (_constant[j]) continue;
            forecasts[j] = Forecast(trial, own, j);
            if (forecasts[j] is null) return double.IsFinite(own[^1].Losses[j]) ? 1 : 0;
        }
        int[] open = [.. Enumerable.Range(0, m).Where(j => !_constant[j])];
        if (open.Length == 1)
        {
            // Only those at least as good in what is certain can dominate it; it has to end below the best of them.
            int j = open[0];
            double[][] rivals = [.. _front.Where(f => Enumerable.Range(0, m).All(k => k == j || f[k] <= own[^1].Losses[k]))];
            return rivals.Length == 0 ? 1 : forecasts[j]!.Below(rivals.Min(f => f[j]));
        }
        // The same draws for every trial: the decision hangs on the log alone.
        var random = new Philox(0, 0, StreamPurpose.General);
        int on = 0;
        double[][] front = [.. Dominance.NonDominated(_front).Select(i => _front[i])];
        var end = new double[m];
        for (int i = 0; i < Draws; i++)
        {
            for (int j = 0; j < m; j++) end[j] = forecasts[j]?.Draw(random) ?? own[^1].Losses[j];
            if (!front.Any(f => Dominance.Dominates(f, end))) on++;
        }
        return (double)on / Draws;
    }

    private CurveForecast? Forecast(Trial trial, List<(long Step, double[] Losses)> own, int j)
    {
        PastCurve past = Past(own, j, long.MaxValue);
        if (_features is not null && _ensembles[j]!.Raw(past) is { } raw && CorrectionAt(j, own[^1].Step) is { } correction)
        {
            (double mean, double stretch) = correction.Ridge.At(correction.Row(_features.Of(trial, own[^1].Step), past.Known));
            double spread = Math.Max(raw.Deviation, correction.Least);
            double freedom = Math.Max(correction.Ridge.LeftOut.Length - 4, 2);
            return new CurveForecast([(1, raw.Mean + spread * mean, spread * correction.Ridge.Error * stretch)], freedom,
                _measure.BestSoFar && past.Points.Length > 0 ? past.Points.Min(p => p.Loss) : double.PositiveInfinity);
        }
        return _ensembles[j]!.Forecast(past, _measure.BestSoFar);
    }

    /// <summary>
    /// How completed trials ended in comparison with what their curves promised at a step, in units of what they doubted.
    /// </summary>
    private Correction? CorrectionAt(int j, long step)
    {
        if (_corrections.TryGetValue((j, step), out Correction? known)) return known;
        var rows = new List<(Trial Trial, double[] Known, double Mean, double Deviation, double Final)>();
        foreach ((Trial t, List<(long Step, double[] Losses)> curve, double[] final) in _whole)
        {
            // One that had ended by then says nothing of those that had not.
            if (curve[^1].Step <= step || curve[0].Step > step || !double.IsFinite(final[j])) continue;
            PastCurve past = Past(curve, j, step);
            if (past.Points.Length > 0 && _ensembles[j]!.Raw(past) is { } raw) rows.Add((t, past.Known, raw.Mean, raw.Deviation, final[j]));
        }
        Correction? correction = null;
        if (rows.Count >= LeastCompleted)
        {
            double least = 0.1 * rows.Average(r => r.Deviation);
            double[][] features = [.. rows.Select(r => (double[])[.. r.Known, .. _features!.Of(r.Trial, step)])];
            TrialFeatures.Fill(features);
            double[] targets = [.. rows.Select(r => (r.Final - r.Mean) / Math.Max(r.Deviation, least))];
            if (least > 0 && targets.Max(Math.Abs) is > 0 and < 1e12)
                correction = new Correction(new EvidenceRidge(features, targets), least, features);
        }
        _corrections[(j, step)] = correction;
        return correction;
    }

    private PastCurve Past(List<(long Step, double[] Losses)> curve, int j, long step) =>
        new([.. curve.TakeWhile(p => p.Step <= step).Select(p => ((double)p.Step, p.Losses[j])).Where(p => double.IsFinite(p.Item2))],
            Known(curve));

    private double[] Known(List<(long Step, double[] Losses)> curve) =>
        [.. Enumerable.Range(0, _constant.Length).Where(j => _constant[j]).Select(j => curve[0].Losses[j])];

    private List<(long, double[])> Curve(Trial trial)
    {
        var curve = new List<(long, double[])>();
        double[]? best = null;
        foreach (Report report in trial.Reports)
        {
            if (_measure.At(_study.Definition, report) is not { } losses) continue;
            if (best is not null && _measure.BestSoFar)
                for (int j = 0; j < losses.Length; j++) losses[j] = Math.Min(losses[j], best[j]);
            best = losses;
            curve.Add((report.Step, _scales.Apply(losses)));
        }
        return curve;
    }

    /// <summary>Where a completed trial ended; null where that is not known.</summary>
    private double[]? Final(Trial trial) => _measure.Final(_study.Definition, trial) is { } final ? _scales.Apply(final) : null;

    /// <summary>
    /// One coordinate of a curve; that of a completed trial goes on to the horizon, wherever its training found it could end.
    /// </summary>
    private (double, double)[] Points(Trial trial, List<(long Step, double[] Losses)> curve, int j)
    {
        List<(double, double)> points = [.. curve.Select(p => ((double)p.Step, p.Losses[j])).Where(p => double.IsFinite(p.Item2))];
        if (Final(trial) is { } final && double.IsFinite(final[j]) && curve[^1].Step < _horizon) points.Add((_horizon, final[j]));
        return [.. points];
    }

    private sealed record Correction(EvidenceRidge Ridge, double Least, double[][] Rows)
    {
        /// <summary>A trial's row, with the others' mean where it lacks a value.</summary>
        public double[] Row(double[] features, double[] known)
        {
            double[] row = [.. known, .. features];
            for (int k = 0; k < row.Length; k++)
                if (double.IsNaN(row[k])) row[k] = Rows.Average(r => r[k]);
            return row;
        }
    }
}
