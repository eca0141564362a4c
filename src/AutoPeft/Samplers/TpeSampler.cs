using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers.TreeParzen;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>Options of the tree-structured Parzen estimator, <see cref="TpeSampler"/>.</summary>
public sealed record TpeOptions
{
    /// <summary>Trials before the first model; 10 by default, as Optuna's.</summary>
    public int StartupTrials { get; init; } = 10;

    /// <summary>
    /// Candidates drawn from the good density, of which the best ratio is proposed; 24 by default (Bergstra et al. 2011). More makes it
    /// greedier.
    /// </summary>
    public int Candidates { get; init; } = 24;

    /// <summary>Share of trials that count as good; 0.1 by default.</summary>
    public double GoodShare { get; init; } = 0.1;

    /// <summary>Most good trials with one objective; 25 by default, so that the good density keeps sharpening.</summary>
    public int MostGood { get; init; } = 25;

    /// <summary>
    /// Most trials in the bad density; 1,000 by default. Beyond that, evenly spaced ones stand for all, and the cost of a proposal stops
    /// growing.
    /// </summary>
    public int MostBad { get; init; } = 1_000;

    /// <summary>Number of trials that a stated prior outweighs. Default 10.</summary>
    public double PriorStrength { get; init; } = 10;
}

/// <summary>
/// Tree-structured Parzen estimators (Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011), multivariate and grouped
/// for conditional spaces: proposes where good trials are dense and bad ones are not. Several objectives by non-dominated rank with
/// hypervolume weights (Ozaki et al. 2022); outcome constraints by Deb's rules; pending trials count as bad, so that workers spread. For
/// thousands of trials; with a few hundred the Gaussian process finds more.
/// <example><code>autopeft sweep recipe --task polarity --model base --sampler tpe --trials 2000</code></example>
/// </summary>
public sealed class TpeSampler : ISampler
{
    private readonly TpeOptions _options;

    /// <summary>Makes a tree-structured Parzen estimator with these options; null: the defaults.</summary>
    public TpeSampler(TpeOptions? options = null) => _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "tpe";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        bool startup = study.Trials.Count < _options.StartupTrials || study.Completed.Count < _options.StartupTrials;
        HashSet<Configuration> seen = startup ? UnseenSampling.Seen(study) : UnseenSampling.SeenWhereDrawsRepeat(study);
        var proposals = new Proposal[count];
        Densities? densities = null;
        var extra = new List<Configuration>();
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Configuration c;
            string? note = null;
            if (study.Completed.Count < Math.Min(_options.StartupTrials, 4) || study.Trials.Count + i < _options.StartupTrials)
            {
                int index = study.Trials.Count + i;
                c = new QuasiRandomDesign(space, study.Definition.Seed).Next(ref index, seen, random);
                note = "Sobol (start-up)";
            }
            else
            {
                densities ??= new Densities(study, extra, _options);
                c = densities.Best(random, seen) ?? UnseenSampling.Draw(space, seen, random);
                // The next of this batch has to know this one as pending.
                densities = null;
            }
            seen.Add(c);
            extra.Add(c);
            proposals[i] = new Proposal(c, null, note);
        }
        return proposals;
    }

    /// <summary>Good and bad densities of every group.</summary>
    private sealed class Densities
    {
        private readonly SearchSpace _space;
        private readonly int[][] _groups;
        private readonly Configuration[] _good, _bad;
        private readonly double[] _goodWeights, _badWeights;
        private readonly TpeOptions _options;
        private readonly double _priorWeight;
        private readonly (ParzenEstimator Good, ParzenEstimator Bad)?[] _estimators;

        public Densities(IStudyView study, List<Configuration> extra, TpeOptions options)
        {
            (_space, _options) = (study.Definition.Space, options);
            _groups = ParameterGroups.Of(_space);
            _estimators = new (ParzenEstimator, ParzenEstimator)?[_groups.Length];
            int n = study.Completed.Count;
            bool one = study.Definition.Objectives.Length == 1;
            int goodCount = Math.Min((int)Math.Ceiling(options.GoodShare * n), one ? options.MostGood : int.MaxValue);
            Trial[] good = one ? BestOf(study, goodCount) : [.. ScoredTrials.BestFirst(study).Take(goodCount)];
            _good = [.. good.Select(t => t.Configuration)];
            _goodWeights = Weights(study, good);
            var isGood = good.Select(t => t.Number).ToHashSet();
            var bad = new List<Configuration>(Math.Min(study.Trials.Count, options.MostBad) + extra.Count);
            int others = study.Trials.Count - good.Length;
            for (int i = 0, seenOthers = 0, taken = 0; i < study.Trials.Count; i++)
            {
                Trial t = study.Trials[i];
                if (isGood.Contains(t.Number)) continue;
                // Evenly spaced where there are too many; the recent ones, which matter most, always.
                bool take =
                    others <= options.MostBad || (long)(seenOthers + 1) * options.MostBad / others > taken || study.Trials.Count - i <= 25;
                seenOthers++;
                if (!take) continue;
                taken++;
                bad.Add(t.Configuration);
            }
            bad.AddRange(extra);
            _bad = [.. bad];
            // Old trials count less: the region that is searched moves on (Bergstra et al. 2013).
            _badWeights = new double[_bad.Length];
            for (int i = 0; i < _bad.Length; i++)
                _badWeights[i] = _bad.Length <= 25 || i >= _bad.Length - 25
                    ? 1
                    : 1.0 / _bad.Length + (1 - 1.0 / _bad.Length) * i / Math.Max(_bad.Length - 25, 1);
            _priorWeight = _space.HasPrior() ? options.PriorStrength / Math.Max(n, 1) : 0;
        }

        /// <summary>The best of several draws by density ratio, group by group; null where none keeps the constraints or is new.</summary>
        public Configuration? Best(Philox random, HashSet<Configuration> seen)
        {
            for (int attempt = 0; attempt < 8; attempt++)
            {
                var codes = new double[_space.Count];
                Array.Fill(codes, double.NaN);
                for (int g = 0; g < _groups.Length; g++)
                    if (_space.IsActive(_groups[g][0], codes)) Draw(g, codes, random, attempt == 7);
                Configuration c = _space.FromCodes(codes);
                if (!seen.Contains(c) && _space.IsFeasible(c)) return c;
            }
            return null;
        }

        private void Draw(int g, double[] codes, Philox random, bool first)
        {
            int[] group = _groups[g];
            (ParzenEstimator good, ParzenEstimator bad) =
                _estimators[g] ??= (Estimate(group, _good, _goodWeights), Estimate(group, _bad, _badWeights));
            double[] row = new double[group.Length], best = new double[group.Length];
            double bestScore = double.NegativeInfinity;
            bool whole = _groups.Length == 1 && !_space.Constraints.IsEmpty;
            double[] at = whole ? new double[_space.Count] : [];
            bool anyFeasible = false;
            for (int k = 0; k < (first ? 1 : _options.Candidates) || whole && !anyFeasible && k < 40 * _options.Candidates; k++)
            {
                good.Sample(random, row);
                if (whole)
                {
                    Decode(group, row, at);
                    if (!_space.IsFeasible(_space.FromCodes(at))) continue;
                    anyFeasible = true;
                }
                double score = good.Log(row) - bad.Log(row);
                if (_priorWeight > 0)
                    for (int j = 0; j < group.Length; j++)
                        score += _priorWeight * PriorDensity.LogPrior(_space.Parameters[group[j]], Code(group[j], row[j]));
                if (score <= bestScore) continue;
                bestScore = score;
                row.CopyTo(best, 0);
            }
            Decode(group, bestScore > double.NegativeInfinity ? best : row, codes);
        }

        private void Decode(int[] group, double[] row, double[] codes)
        {
            for (int j = 0; j < group.Length; j++) codes[group[j]] = Code(group[j], row[j]);
        }

        private double Code(int i, double value) =>
            ParzenEstimator.IsNumeric(_space.Parameters[i]) ? _space.Parameters[i].FromUnit(value) : value;

        private ParzenEstimator Estimate(int[] group, Configuration[] trials, double[] weights)
        {
            var rows = new List<double[]>(trials.Length);
            var kept = new List<double>(trials.Length);
            for (int i = 0; i < trials.Length; i++)
            {
                ReadOnlySpan<double> codes = trials[i].Codes;
                if (double.IsNaN(codes[group[0]])) continue;
                var row = new double[group.Length];
                for (int j = 0; j < group.Length; j++)
                {
                    Parameter p = _space.Parameters[group[j]];
                    row[j] = ParzenEstimator.IsNumeric(p) ? p.ToUnit(codes[group[j]]) : codes[group[j]];
                }
                rows.Add(row);
                kept.Add(weights[i]);
            }
            return new ParzenEstimator([.. group.Select(i => _space.Parameters[i])], rows,
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(kept));
        }

        /// <summary>The best few of one objective in one pass; feasible before infeasible.</summary>
        private static Trial[] BestOf(IStudyView study, int count)
        {
            var best = new List<(double Violation, double Loss, Trial Trial)>(count + 1);
            foreach (Trial t in study.Completed)
            {
                double loss = t.Losses[0];
                if (!double.IsFinite(loss)) continue;
                (double, double) key = (ScoredTrials.Violation(study.Definition, t), loss);
                if (best.Count == count && key.CompareTo((best[^1].Violation, best[^1].Loss)) >= 0) continue;
                int at = best.Count;
                while (at > 0 && key.CompareTo((best[at - 1].Violation, best[at - 1].Loss)) < 0) at--;
                best.Insert(at, (key.Item1, key.Item2, t));
                if (best.Count > count) best.RemoveAt(count);
            }
            return [.. best.Select(b => b.Trial)];
        }

        /// <summary>1 for one objective; a trial's share of the hypervolume for several.</summary>
        private static double[] Weights(IStudyView study, Trial[] good)
        {
            var weights = new double[good.Length];
            Array.Fill(weights, 1);
            if (study.Definition.Objectives.Length is 1 or > 4 || good.Length is < 2 or > 200) return weights;
            double[][] losses = [.. good.Select(t => t.Losses.ToArray())];
            var scale = LossScales.Of(losses);
            losses = [.. losses.Select(scale.Apply)];
            double[] reference = [.. Enumerable.Range(0, losses[0].Length).Select(j => losses.Max(l => l[j]))
                .Select(w => Math.Max(1.1 * w, 0.9 * w) + 1e-12)];
            double[] contributions = Hypervolume.RelativeContributions(losses, reference);
            double most = contributions.Max();
            if (!(most > 0)) return weights;
            for (int i = 0; i < weights.Length; i++) weights[i] = Math.Max(contributions[i] / most, 0.05);
            return weights;
        }
    }
}
