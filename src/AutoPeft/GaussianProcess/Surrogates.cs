using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.GaussianProcess;

/// <summary>
/// One Gaussian process per loss, per outcome bound, and one for failures where there are any; and the acquisition that they make.
/// </summary>
internal sealed class Surrogates
{
    /// <summary>
    /// What the log probability of failure counts for: more than its expectation, since a failed trial has no value to learn from, and
    /// without this a search that has found its optimum goes on to try what almost surely fails. With 3, a fifth more of the trials fail on
    /// six edges in two and three parameters, and the best loss is found as well.
    /// </summary>
    private const double FailureWeight = 5;

    /// <summary>Trials up to which draws are averaged over: with more, they agree and cost the most.</summary>
    private const int MostForDraws = 150;

    /// <summary>
    /// Hyperparameter draws are averaged only with at most this many objectives. With more, at least one draw is optimistic in every region
    /// and exploration dominates (DTLZ2, 4 objectives: half the mean hypervolume).
    /// </summary>
    private const int MostObjectivesForDraws = 2;

    /// <summary>
    /// Steps of the chain in a proposal, times the number of trials: the more trials, the dearer a step and the slower the posterior moves.
    /// </summary>
    private const int FreshDraws = 100;

    /// <summary>
    /// Joint draws under each set of hyperparameters where trials are pending: two say too little of what they may give (four workers on a
    /// PEFT-shaped space lost 6 % of the hypervolume, and 3 % so).
    /// </summary>
    private const int LeastPathsOfPending = 4;

    /// <summary>Joint draws under each set of hyperparameters where none are pending and losses are noisy.</summary>
    private const int LeastPaths = 2;

    /// <summary>Most standard deviations from the mean at which a reference point is taken to lie.</summary>
    private const double Furthest = 1e60;

    /// <summary>
    /// With four objectives every draw has a front of hundreds of boxes: half of the draws serve as well (three problems, 12 seeds) in two
    /// thirds of the time.
    /// </summary>
    private const int DearPaths = 2;

    /// <summary>Most objectives with all the draws; see <see cref="DearPaths"/>.</summary>
    private const int MostCheapObjectives = 3;

    private readonly SurrogateData _data;
    private readonly GaussianProcessOptions _options;
    private readonly IEarlierBeliefs? _earlier;
    private readonly TrainingSet _set;
    private readonly int _members;
    private readonly List<TrainedSurrogate> _objectives = [], _constraints = [];

    private sealed record TrainedSurrogate(TrainingSet Set, double[] Targets, OutcomeWarp Warp, Hyperparameters H, double Limit,
        double Weight = 1)
    {
        /// <summary>Models that are averaged over; the fitted one first, where all are of this study's trials alone.</summary>
        public SurrogateMember[] Members { get; init; } = [new(H)];

        private Calibration? _calibration;

        /// <summary>How well values were foreseen; worked out when it is first asked for.</summary>
        public Calibration Calibration => _calibration ??= Calibration.Of(Set, Targets, H);

        /// <summary>What takes the models' place where configurations decide the loss.</summary>
        public ExactLoss? Exact { get; init; }
    }

    private Surrogates(SurrogateData data, GaussianProcessOptions options, IEarlierBeliefs? earlier)
    {
        // One loss made of several is of a study's own.
        (_data, _options, _earlier) = (data, options, data.IsScalarised ? null : earlier);
        _set = new TrainingSet(data.Map, data.Features);
        int m = data.Losses is [var first, ..] ? first.Length : 0;
        bool draws = data.Completed.Length <= MostForDraws && m <= MostObjectivesForDraws;
        _members = draws ? Math.Max(options.Draws ?? DefaultDraws(m), 0) + 1 : 1;
    }

    /// <summary>
    /// Draws keep the doubt which parameters matter. Where length scales lie about a common one the prior keeps it already, and draws from
    /// it found less or the same on all of 15 problems; earlier studies' models are mixed with them, and the sparse prior has its authors'
    /// effect only over draws.
    /// </summary>
    private int DefaultDraws(int m) =>
        m == 1 ? (_earlier is not null || _options.SparsePrior ? 8 : 0) : _earlier is not null || _data.Map.HasChoices ? 3 : 0;

    /// <summary>What the log keeps.</summary>
    public SurrogateState State { get; private set; } = new(0, [], []);

    /// <summary>Whether any loss is noisy enough to be averaged over.</summary>
    public bool IsNoisy => _objectives.Any(m => m.H.LogNoise > Math.Log(_options.NoiseThreshold));

    /// <summary>
    /// Fits every model; on what <paramref name="earlier"/> studies say, where there are any. Null where one cannot be fitted.
    /// </summary>
    public static Surrogates? Fit(SurrogateData data, GaussianProcessOptions options, string? stateText, Philox random,
        IEarlierBeliefs? earlier, CancellationToken cancellationToken)
    {
        var surrogates = new Surrogates(data, options, earlier);
        return surrogates.FitAll(stateText, random, cancellationToken) ? surrogates : null;
    }

    /// <summary>What a fit starts from.</summary>
    /// <param name="Before">What the last fit left; null for the first.</param>
    /// <param name="Thorough">Whether hyperparameters are sought from scratch.</param>
    /// <param name="Random">Source of the draws of hyperparameters.</param>
    /// <param name="Cancellation">Looked at between fits.</param>
    private sealed record FitContext(SurrogateState? Before, bool Thorough, Philox Random, CancellationToken Cancellation);

    /// <summary>Hyperparameters of one surrogate as the state keeps them, and the strength of its outcome warp.</summary>
    private readonly record struct FittedModels(Hyperparameters[] Models, double Strength);

    private bool FitAll(string? stateText, Philox random, CancellationToken cancellationToken)
    {
        int m = _data.Losses[0].Length, n = _data.Completed.Length;
        (int Index, bool Upper)[] sides =
            [.. Enumerable.Range(0, _data.Outcomes.Count).SelectMany(c => Sides(_data.Outcomes[c]).Select(upper => (c, upper)))];
        HyperparameterPrior alone = HyperparameterPrior.Alone(_data.Map, m, _options.SparsePrior);
        HyperparameterPrior prior = _earlier is null ? HyperparameterPrior.For(_data.Map, m, _options.SparsePrior) : alone;
        bool failures = _data.Failed.Length > 0;
        int total = m + sides.Length + (failures ? 1 : 0);
        SurrogateState? state = SurrogateState.Parse(stateText, _data.Map.GroupCount,
            [.. Enumerable.Range(0, total).Select(j => prior.MainEffects && j < m + sides.Length)]);
        var context =
            new FitContext(state, state is null || n < 12 || n >= state.ThoroughAt * SurrogateState.Growth, random, cancellationToken);
        var kept = new FittedModels[total];
        for (int j = 0; j < total; j++)
        {
            FittedModels? fit = j < m ? FitObjective(j, prior, context)
                : j < m + sides.Length ? FitOutcome(j, sides[j - m].Index, sides[j - m].Upper, alone, context)
                : FitFailures(j, alone, context);
            if (fit is not { } done) return false;
            kept[j] = done;
        }
        State = new SurrogateState(context.Thorough ? n : state!.ThoroughAt, [.. kept.Select(k => k.Models)],
            [.. kept.Select(k => k.Strength)]);
        return true;
    }

    /// <summary>The bounds of an outcome constraint, true for the upper one.</summary>
    private static IEnumerable<bool> Sides(OutcomeConstraint outcome)
    {
        if (outcome.Max is not null) yield return true;
        if (outcome.Min is not null) yield return false;
    }

    private FittedModels? FitObjective(int j, HyperparameterPrior prior, FitContext context)
    {
        double[] raw = [.. _data.Losses.Select(l => l[j])];
        if (_data.Formulas[j] is { } formula)
        {
            var unwarped = new OutcomeWarp(raw, 0);
            Hyperparameters unused =
                prior.Start(_data.Map.GroupCount, smooth: true) with { LogNoise = HyperparameterPrior.NoiseBounds.Low };
            var exact = new ExactLoss(_data.Map, _data.Objectives[j], formula, unwarped);
            _objectives.Add(new TrainedSurrogate(_set, [.. raw.Select(unwarped.Apply)], unwarped, unused, 0) { Exact = exact });
            return new FittedModels([unused.Rounded()], 0);
        }
        if (FitOne(_set, raw, Strength(j, context), prior, Warm(j, context), context.Thorough, false, context.Cancellation) is not { } best)
            return null;
        if (context.Thorough && OutcomeWarp.IsWorthATry(raw))
        {
            for (double? other = OutcomeWarp.Next(0, 0); other is { } κ; other = OutcomeWarp.Next(κ, best.Warp.Strength))
            {
                if (FitOne(_set, raw, κ, prior, best.Fit, false, false, context.Cancellation) is not { } warped) continue;
                if (warped.Value + (best.Warp.Strength == 0 ? OutcomeWarp.Evidence : 0) < best.Value) best = warped;
            }
        }
        (Hyperparameters[] models, double[] targets, SurrogateMember[] members) = WithDraws(j, raw, best.Fit, best.Warp, prior, context);
        if (_earlier is not null) members = _earlier.Mix(j, _set, targets, members, prior, context.Random, context.Cancellation);
        _objectives.Add(new TrainedSurrogate(_set, targets, best.Warp, best.Fit, 0) { Members = members });
        return new FittedModels(models, best.Warp.Strength);
    }

    private FittedModels? FitOutcome(int j, int outcome, bool upper, HyperparameterPrior prior, FitContext context)
    {
        (double[] raw, double limit) = _data.Violations(outcome, upper);
        if (FitOne(_set, raw, Strength(j, context), prior, Warm(j, context), context.Thorough, false, context.Cancellation) is not { } fit)
            return null;
        (Hyperparameters[] models, double[] targets, SurrogateMember[] members) = WithDraws(j, raw, fit.Fit, fit.Warp, prior, context);
        _constraints.Add(new TrainedSurrogate(_set, targets, fit.Warp, fit.Fit, fit.Warp.Apply(limit)) { Members = members });
        return new FittedModels(models, fit.Warp.Strength);
    }

    /// <summary>
    /// Where trials crash: labels of −1 and +1 say which parameters have to do with it, distances from the boundary where it lies.
    /// </summary>
    private FittedModels? FitFailures(int j, HyperparameterPrior prior, FitContext context)
    {
        // A step between two classes is no sum of smooth effects.
        prior = prior with { MainEffects = false };
        int n = _data.Completed.Length;
        var set = new TrainingSet(_data.Map, [.. _data.Features, .. _data.Failed.Select(f => new Candidate(_data.Map, f).Features)]);
        double[] labels = [.. Enumerable.Repeat(-1.0, n), .. Enumerable.Repeat(1.0, _data.Failed.Length)];
        if (FitOne(set, labels, 0, prior, Warm(j, context), context.Thorough, true, context.Cancellation) is not { } classes) return null;
        (set, double[] raw) = FailureBoundary.Of(set, n, classes.Fit);
        Hyperparameters? warm = context.Before?.Models[j].ElementAtOrDefault(1);
        if (FitOne(set, raw, 0, prior, warm, context.Thorough, false, context.Cancellation) is not { } fit) return null;
        _constraints.Add(new TrainedSurrogate(set, [.. raw.Select(fit.Warp.Apply)], fit.Warp, fit.Fit, fit.Warp.Apply(0), FailureWeight));
        return new FittedModels([classes.Fit, fit.Fit], 0);
    }

    /// <summary>The strength of warp that the last thorough fit found; 0 where this one seeks it again.</summary>
    private static double Strength(int j, FitContext context) =>
        context.Thorough || context.Before is null ? 0 : context.Before.Strengths[j];

    private static Hyperparameters? Warm(int j, FitContext context) => context.Before?.Models[j].FirstOrDefault();

    /// <summary>
    /// The fitted hyperparameters with draws around them, where surrogates are averaged over: as the state keeps them (the fit, draws, the
    /// scales of the draws), the targets, and the members.
    /// </summary>
    private (Hyperparameters[] Models, double[] Targets, SurrogateMember[] Members) WithDraws(
        int j, double[] raw, Hyperparameters fit, OutcomeWarp warp, HyperparameterPrior prior, FitContext context)
    {
        double[] targets = [.. raw.Select(warp.Apply)];
        if (_members == 1) return ([fit], targets, [new SurrogateMember(fit)]);
        Hyperparameters[]? before = !context.Thorough && context.Before!.Models[j].Length == _members + 1 ? context.Before.Models[j] : null;
        Hyperparameters scales = before?[^1] ?? HyperparameterSampling.Scales(_set, targets, prior, fit);
        int fresh = before is null ? _members - 1 : Math.Min(_members - 1, Math.Max(1, FreshDraws / raw.Length));
        Hyperparameters[] draws = [.. before is null ? [] : before[(1 + fresh)..^1],
            .. HyperparameterSampling.Draw(_set, targets, prior, before?[^2] ?? fit, scales, fresh, context.Random)];
        Hyperparameters[] models = [fit, .. draws, scales];
        return (models, targets, [.. models[..^1].Select(h => new SurrogateMember(h))]);
    }

    /// <summary>Hyperparameters for one strength of warp, and the −log posterior of the raw values.</summary>
    private static (Hyperparameters Fit, OutcomeWarp Warp, double Value)? FitOne(TrainingSet set, double[] raw, double strength,
        HyperparameterPrior prior, Hyperparameters? warm, bool thorough, bool labels, CancellationToken cancellationToken)
    {
        var warp = new OutcomeWarp(raw, strength);
        (TrainingSet fitSet, double[] fitRaw) = Subset(set, raw);
        Hyperparameters? h = HyperparameterFit.Fit(fitSet, [.. fitRaw.Select(warp.Apply)], prior, warm, thorough, labels, out double value,
            cancellationToken);
        return h is null ? null : (h, warp, value + warp.LogJacobian(fitRaw));
    }

    /// <summary>A bounded number of points for fitting hyperparameters: half of them the best, the rest spread over the study.</summary>
    private static (TrainingSet, double[]) Subset(TrainingSet set, double[] targets)
    {
        if (set.Count <= HyperparameterFit.MostPoints) return (set, targets);
        int[] byTarget = [.. Enumerable.Range(0, set.Count).OrderBy(i => targets[i])];
        int half = HyperparameterFit.MostPoints / 2;
        int[] rest = [.. byTarget.Skip(half).Order()];
        int[] chosen =
            [.. byTarget.Take(half).Concat(Enumerable.Range(0, half).Select(k => rest[(int)((long)k * rest.Length / half)])).Order()];
        double[][] features =
            [.. chosen.Select(i => Enumerable.Range(0, set.Map.Count).Select(f => set.Columns[f * set.Stride + i]).ToArray())];
        var subset = new TrainingSet(set.Map, features);
        if (set.Doubt is { } doubt) subset = new TrainingSet(subset, [.. chosen.Select(i => doubt[i])]);
        return (subset, [.. chosen.Select(i => targets[i])]);
    }

    /// <summary>
    /// The acquisition given everything known and <paramref name="pending"/> points without values. Null where a kernel matrix cannot be
    /// factored.
    /// </summary>
    /// <param name="pending">Proposed, no value yet.</param>
    /// <param name="random">Source of joint draws.</param>
    /// <param name="prior">A person's prior, or null.</param>
    /// <param name="mode">What the acquisition asks of an improvement.</param>
    public IAcquisition? Acquire(IReadOnlyList<Configuration> pending, Philox random, StatedPrior? prior, AcquisitionMode mode)
    {
        var members = new List<Acquisition>(_members);
        for (int e = 0; e < _members; e++)
            if (Acquire(e, pending, random, prior, mode) is { } member) members.Add(member);
        return members.Count switch { 0 => null, 1 => members[0], _ => new AcquisitionMixture(members, _data.Map.Space.Count) };
    }

    private Acquisition? Acquire(int e, IReadOnlyList<Configuration> pending, Philox random, StatedPrior? prior, AcquisitionMode mode)
    {
        int m = _objectives.Count;
        bool sampled = pending.Count > 0 || IsNoisy;
        int paths = sampled
            ? Math.Max(pending.Count > 0 ? LeastPathsOfPending : LeastPaths,
                _options.Paths / _members / (m > MostCheapObjectives ? DearPaths : 1))
            : 1;
        TrainingSet all = pending.Count == 0
            ? _set
            : new TrainingSet(_data.Map, [.. _data.Features, .. pending.Select(p => new Candidate(_data.Map, p).Features)]);
        var draws = new JointDraws(e, pending, sampled, paths, all, new double[m][][]);
        if (ObjectivePosteriors(draws, random, mode) is not { } posteriors || ConstraintPosteriors(e) is not { } constraints) return null;
        double[] pessimism =
            mode.IsPessimistic ? [.. _objectives.Select(o => o.Exact is null ? o.Calibration.Pessimism(pending.Count > 0) : 0)] : [];
        ExpectedHypervolume[] improvement = Improvements(draws, constraints, mode);
        double weight = prior is null ? 0 : _options.PriorStrength / Math.Max(_data.Completed.Length, 1);
        return new Acquisition(_data.Map, posteriors, [.. _objectives.Select(o => o.Exact)], improvement, constraints,
            [.. _constraints.Select(c => c.Limit)], [.. _constraints.Select(c => c.Weight)], prior, weight)
        {
            UncertaintyScale = mode.UncertaintyScale,
            Pessimism = pessimism,
        };
    }

    /// <summary>The points that fronts are made of, under one member's hyperparameters.</summary>
    /// <param name="Member">Which of the hyperparameters that are averaged over.</param>
    /// <param name="Pending">Proposed, no value yet.</param>
    /// <param name="IsSampled">Whether values are drawn; otherwise the completed trials' targets stand for themselves.</param>
    /// <param name="Paths">Number of joint draws.</param>
    /// <param name="All">Completed trials, then pending points.</param>
    /// <param name="Values">The draws by objective, path and point; null for an objective without.</param>
    private readonly record struct JointDraws(int Member, IReadOnlyList<Configuration> Pending, bool IsSampled, int Paths, TrainingSet All,
        double[][][] Values);

    private static SurrogateMember MemberOf(TrainedSurrogate model, int e) => model.Members[Math.Min(e, model.Members.Length - 1)];

    /// <summary>Each objective's posterior, null where its loss is exact, and its draws; null where a matrix cannot be factored.</summary>
    private Posterior?[]? ObjectivePosteriors(JointDraws draws, Philox random, AcquisitionMode mode)
    {
        var posteriors = new Posterior?[_objectives.Count];
        // What a pending choice will give is too uncertain for its mean to stand for it.
        bool atMeans = mode.UncertaintyScale < 1 && (posteriors.Length > 1 || !_data.Map.HasChoices);
        for (int j = 0; j < posteriors.Length; j++)
        {
            TrainedSurrogate model = _objectives[j];
            if (model.Exact is not null) continue;
            SurrogateMember member = MemberOf(model, draws.Member);
            Posterior? posterior = draws.IsSampled
                ? Posterior.Sampled(_set, draws.All, model.Targets, member.H, draws.Paths, random, out draws.Values[j], member.PriorMean,
                    pendingAtMeans: atMeans)
                : Posterior.Given(_set, model.Targets, member.H, member.PriorMean);
            if (posterior is null) return null;
            posteriors[j] = posterior;
        }
        return posteriors;
    }

    /// <summary>Each constraint's posterior; null where a matrix cannot be factored.</summary>
    private Posterior[]? ConstraintPosteriors(int e)
    {
        var constraints = new Posterior[_constraints.Count];
        for (int c = 0; c < constraints.Length; c++)
        {
            if (Posterior.Given(_constraints[c].Set, _constraints[c].Targets, MemberOf(_constraints[c], e).H) is not { } posterior)
                return null;
            constraints[c] = posterior;
        }
        return constraints;
    }

    /// <summary>The expected improvement over each draw's front; none while nothing feasible is known under constraints.</summary>
    private ExpectedHypervolume[] Improvements(JointDraws draws, Posterior[] constraints, AcquisitionMode mode)
    {
        int m = _objectives.Count, n = _data.Completed.Length;
        // Asking for more than there is to gain would drive the search into what is known to fail.
        double margin = constraints.Length > 0 ? 0 : mode.Margin;
        // Beyond so many standard deviations nothing is told apart, and volumes stay finite.
        double[] reference = [.. _data.Reference.Select((r, j) => Math.Clamp(_objectives[j].Warp.Apply(r), -Furthest, Furthest))];
        bool anyFeasible = _data.Feasible.Any(f => f);
        var improvement = new ExpectedHypervolume[anyFeasible || constraints.Length == 0 ? draws.Paths : 0];
        bool[] counts = Counts(draws.Pending, constraints);
        OutcomeWarp[] warps = [.. _objectives.Select(o => o.Warp)];
        for (int s = 0; s < improvement.Length; s++)
        {
            var values = new List<double[]>();
            for (int i = 0; i < draws.All.Count; i++)
            {
                if (i < n ? !_data.Feasible[i] : !counts[i - n]) continue;
                values.Add([.. Enumerable.Range(0, m).Select(j => ValueOf(draws, j, s, i) - (m > 1 ? margin : 0))]);
            }
            if (m == 1)
            {
                // One loss: the best value is the whole front, and the level to improve on.
                double best = values.Count > 0 ? values.Min(v => v[0]) : reference[0];
                improvement[s] = new ExpectedHypervolume(new BoxDecomposition([], [best - margin]));
            }
            else improvement[s] = new ExpectedHypervolume(new BoxDecomposition(values, reference), warps);
        }
        return improvement;
    }

    /// <summary>What objective j's model is told of a point in a draw.</summary>
    private double ValueOf(in JointDraws draws, int j, int path, int point)
    {
        int n = _data.Completed.Length;
        return _objectives[j].Exact is { } exact && point >= n ? exact.At(draws.Pending[point - n])
            : draws.IsSampled && _objectives[j].Exact is null ? draws.Values[j][path][point] : _objectives[j].Targets[point];
    }

    /// <summary>Which pending points are expected to be feasible, and so count in the fronts.</summary>
    private bool[] Counts(IReadOnlyList<Configuration> pending, Posterior[] constraints)
    {
        var counts = new bool[pending.Count];
        var mean = new double[1];
        for (int i = 0; i < counts.Length; i++)
        {
            double[] features = new Candidate(_data.Map, pending[i]).Features;
            counts[i] = true;
            for (int c = 0; c < constraints.Length && counts[i]; c++)
            {
                constraints[c].Predict(features, mean, out _);
                counts[i] = mean[0] <= _constraints[c].Limit;
            }
        }
        return counts;
    }
}
