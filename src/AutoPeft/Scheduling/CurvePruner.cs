using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Studies;

namespace AutoPeft.Scheduling;

/// <summary>Options of <see cref="CurvePruner"/>.</summary>
public sealed record CurveOptions
{
    /// <summary>Trials with a smaller probability of ending on the front are stopped. Default 0.05.</summary>
    public double P { get; init; } = 0.05;

    /// <summary>Trials that have to complete first: the curves are learnt from them. Default 8.</summary>
    public int Startup { get; init; } = 8;

    /// <summary>No trial is stopped before this step. Default 1.</summary>
    public long Min { get; init; } = 1;

    /// <summary>The step at which trials end by themselves; null (the default) for the furthest that any has come.</summary>
    public long? Max { get; init; }

    /// <summary>
    /// Whether a trial is paused instead of stopped: generously, below <see cref="PauseP"/>, since nothing is lost. When every trial of the budget has been proposed, those go on that by all that is known
    /// then have a chance of at least <see cref="P"/>, the best first. Without a budget a paused trial goes on as soon as it has <see cref="PauseP"/>. Default false.
    /// </summary>
    public bool Pausing { get; init; }

    /// <summary>The chance below which a trial is paused. Default 0.5: it is more likely to end behind the front than on it.</summary>
    public double PauseP { get; init; } = 0.5;

    /// <summary>What is extrapolated.</summary>
    public RankingMeasure Measure { get; init; } = new();
}

/// <summary>
/// Extrapolates a trial's learning curve with its uncertainty (see <see cref="CurveEnsemble"/>) and stops it where it will hardly end on the front: where the probability that no completed trial dominates its end is below
/// <see cref="CurveOptions.P"/>. With one objective, where it will hardly end better than the best. The most careful of the pruners: slow starters go on as long as others like them came good.
/// <example><code>autopeft sweep autopeft --task polarity --scheduler curve:p=0.05,startup=8</code></example>
/// </summary>
public sealed class CurvePruner(CurveOptions? options = null) : IScheduler
{
    /// <summary>Joint draws of a trial's end: probabilities to half a percent.</summary>
    private const int Draws = 1_000;

    private readonly CurveOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "curve";

    /// <inheritdoc/>
    public Decision Decide(IStudyView study, Trial trial)
    {
        if (trial.Reports[^1].Step < _options.Min || _options.Measure.At(study.Definition, trial.Reports[^1]) is null) return Decision.Continue;
        if (study.Completed.Count < _options.Startup || new Outlook(study, _options, trial) is not { IsKnown: true } outlook) return Decision.Continue;
        if (!_options.Pausing) return outlook.Chance(trial) >= _options.P ? Decision.Continue : Decision.Stop;
        // One that was promoted goes on unless it disappoints.
        return outlook.Chance(trial) >= (trial.PausedAt is null ? Math.Max(_options.PauseP, _options.P) : _options.P) ? Decision.Continue : Decision.Pause;
    }

    /// <inheritdoc/>
    public int? Promote(IStudyView study)
    {
        if (!_options.Pausing || study.Completed.Count < _options.Startup) return null;
        (double Chance, int Number) best = (0, -1);
        foreach (Trial t in study.Trials)
        {
            if (t.State != TrialState.Paused || new Outlook(study, _options, t) is not { IsKnown: true } outlook) continue;
            double chance = outlook.Chance(t);
            if (chance > best.Chance) best = (chance, t.Number);
        }
        bool last = study.Trials.Count >= study.Definition.Budget;
        return best.Chance >= (last ? _options.P : Math.Max(_options.PauseP, _options.P)) ? best.Number : null;
    }

    /// <summary>Probability that the trial ends on the front, for tables and tests; null where too little is known.</summary>
    internal double? Chance(IStudyView study, Trial trial) =>
        study.Completed.Count >= _options.Startup && new Outlook(study, _options, trial) is { IsKnown: true } outlook ? outlook.Chance(trial) : null;

    /// <summary>What one trial is measured against: the other curves, and the front that is there.</summary>
    private sealed class Outlook
    {
        private readonly IStudyView _study;
        private readonly RankingMeasure _measure;
        private readonly List<double[]> _front = [];
        private readonly CurveEnsemble?[] _ensembles;
        private readonly bool[] _constant;

        public Outlook(IStudyView study, CurveOptions options, Trial trial)
        {
            (_study, _measure) = (study, options.Measure);
            StudyDefinition definition = study.Definition;
            (Trial Trial, List<(long Step, double[] Losses)> Curve)[] curves = [.. study.Trials.Where(t => t != trial && t.State != TrialState.Failed).Select(t => (t, Curve(t))).Where(c => c.Item2.Count > 0)];
            List<(long Step, double[] Losses)> own = Curve(trial);
            int m = own.Count == 0 ? 0 : own[0].Losses.Length;
            _ensembles = new CurveEnsemble?[m];
            _constant = new bool[m];
            if (m == 0 || curves.Length == 0) return;
            long furthest = curves.Max(c => c.Curve[^1].Step), first = Math.Min(own[0].Step, curves.Min(c => c.Curve[0].Step)), horizon = options.Max ?? Math.Max(furthest, own[^1].Step);
            if (horizon <= first) return;
            foreach ((Trial t, List<(long Step, double[] Losses)> curve) in curves)
            {
                // Where trials keep their best, what a running one has is certain.
                if (_measure.Final(definition, t) is { } final) _front.Add(final);
                else if (_measure.BestSoFar && t.State == TrialState.Running) _front.Add(curve[^1].Losses);
            }
            for (int j = 0; j < m; j++)
            {
                int coordinate = j;
                _constant[j] = curves.Append((trial, own)).All(c => double.IsFinite(c.Item2[0].Losses[coordinate]) && c.Item2.All(p => p.Losses[coordinate] == c.Item2[0].Losses[coordinate]));
            }
            for (int j = 0; j < m; j++)
            {
                int coordinate = j;
                if (_constant[j]) continue;
                _ensembles[j] = new CurveEnsemble([.. curves.Select(c => new PastCurve(Points(c.Trial, c.Curve, coordinate, horizon), Known(c.Curve))).Where(c => c.Points.Length >= 3)], Math.Max(first, 1), Math.Max(horizon, first + 1));
            }
            IsKnown = _front.Count > 0 && !Array.TrueForAll(_constant, c => c);
        }

        /// <summary>Whether there is anything to compare with.</summary>
        public bool IsKnown { get; }

        /// <summary>Probability that nothing of the front dominates the trial's end.</summary>
        public double Chance(Trial trial)
        {
            List<(long Step, double[] Losses)> own = Curve(trial);
            int m = own[0].Losses.Length;
            var forecasts = new CurveForecast?[m];
            for (int j = 0; j < m; j++)
            {
                if (_constant[j]) continue;
                forecasts[j] = _ensembles[j]!.Forecast(new PastCurve([.. own.Select(p => ((double)p.Step, p.Losses[j])).Where(p => double.IsFinite(p.Item2))], Known(own)), _measure.BestSoFar);
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

        private double[] Known(List<(long Step, double[] Losses)> curve) => [.. Enumerable.Range(0, _constant.Length).Where(j => _constant[j]).Select(j => curve[0].Losses[j])];

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
                curve.Add((report.Step, losses));
            }
            return curve;
        }

        /// <summary>One coordinate of a curve; that of a completed trial goes on to the horizon, wherever its training found it could end.</summary>
        private (double, double)[] Points(Trial trial, List<(long Step, double[] Losses)> curve, int j, long horizon)
        {
            List<(double, double)> points = [.. curve.Select(p => ((double)p.Step, p.Losses[j])).Where(p => double.IsFinite(p.Item2))];
            if (_measure.Final(_study.Definition, trial) is { } final && double.IsFinite(final[j]) && curve[^1].Step < horizon) points.Add((horizon, final[j]));
            return [.. points];
        }
    }
}
