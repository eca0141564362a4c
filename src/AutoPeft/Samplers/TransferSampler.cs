using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Samplers.Transfer;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Bayesian optimisation that starts from earlier studies: they are in the study's definition (<see cref="EarlierJson"/>), each a belief that counts as much as it predicts the order of this study's own
/// trials (ranking-weighted ensemble: Feurer et al. 2018), per objective. The first trials are the best of the earlier studies, in turn with points that cover the space. Where the earlier studies
/// turn out to say nothing, and where outcomes are constrained, it goes on as <see cref="GaussianProcessSampler"/>.
/// <example><code>autopeft sweep autopeft --task subjectivity --model base --from runs/autopeft-polarity-0 --from-as prior</code></example>
/// </summary>
public sealed class TransferSampler : ISampler
{
    /// <summary>Trials before the ensemble: fewer cannot tell a related study from an unrelated one.</summary>
    private const int Startup = 4;

    /// <summary>
    /// Most trials that repeat the earlier studies' best. The first two always do; with several objectives it goes on while at least <see cref="Holding"/> of them stay on the new front, since a front
    /// that holds has to be run to count.
    /// </summary>
    private const int MostRepeated = 10;

    private const double Holding = 0.75;

    /// <summary>The trial that is taken from the usual design in between, to have something to compare with.</summary>
    private const int Designed = 2;

    /// <summary>Weight of the own models from which the earlier studies are left alone.</summary>
    private const double OwnEnough = 0.9;

    /// <summary>A belief that counts less is no belief: its model would be the own model again, and share its weight.</summary>
    private const double LeastSlope = 0.2;

    /// <summary>Trials up to which the ensemble is used: beyond, the study knows more than any other can tell it.</summary>
    private const int MostEnsembleTrials = 100;

    private const int RandomCandidates = 800, Mutations = 600, Polished = 6, PolishRounds = 12;

    private static readonly GaussianProcessSampler Plain = new();

    // The beliefs are a function of the definition; fitting them again for every ask would cost seconds.
    private readonly ConditionalWeakTable<StudyDefinition, Beliefs> _beliefs = [];

    private sealed record Beliefs(ImmutableArray<EarlierStudy> Studies, IReadOnlyList<Configuration> Best, BaseModel?[][] Models);

    /// <inheritdoc/>
    public string Name => "transfer";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        Beliefs beliefs = Of(study.Definition, cancellationToken);
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        var proposals = new List<Proposal>(count);
        int first = study.Trials.Count;
        var design = new StartupDesign(space, study.Definition.Seed, Startup);
        Trial[] known = [.. study.Completed.Where(t => t.Losses.All(double.IsFinite))];
        while (proposals.Count < count)
        {
            int number = first + proposals.Count;
            Configuration? best = number != Designed && number <= MostRepeated && (number < Designed || Holds(known, beliefs.Best)) ? beliefs.Best.FirstOrDefault(c => !seen.Contains(c)) : null;
            if (best is null && number >= Startup && known.Length >= 3) break;
            string note = "best of an earlier study";
            Configuration chosen = best ?? design.At(Math.Max(number - Designed, 0), seen, random, out note);
            seen.Add(chosen);
            proposals.Add(new Proposal(chosen, null, note));
        }
        if (proposals.Count == count) return proposals;
        if (!study.Definition.Outcomes.IsEmpty || known.Length > MostEnsembleTrials || beliefs.Models.All(s => s.All(m => m is null)) || Fit(study, known, beliefs, random, cancellationToken) is not { } ensemble)
            return Own(study, proposals, count, random, cancellationToken);
        double own = ensemble.Objectives.Average(o => o.Weights[0]);
        if (own >= OwnEnough) return Own(study, proposals, count, random, cancellationToken);
        var pending = new List<Configuration>([.. study.Trials.Where(t => t.IsPending).Select(t => t.Configuration), .. proposals.Select(p => p.Configuration)]);
        string weight = $"weight {(1 - own).ToString("0.00", CultureInfo.InvariantCulture)} on earlier studies";
        while (proposals.Count < count)
        {
            Configuration chosen = Maximize(study, ensemble, beliefs, pending, seen, random, cancellationToken);
            seen.Add(chosen);
            pending.Add(chosen);
            proposals.Add(new Proposal(chosen, null, weight));
        }
        return proposals;
    }

    /// <summary>Whether what was best before is among the best here, as far as it has been run.</summary>
    private static bool Holds(Trial[] known, IReadOnlyList<Configuration> best)
    {
        bool[] repeated = [.. known.Select(t => best.Contains(t.Configuration))];
        int count = repeated.Count(r => r);
        if (known.Length == 0 || known[0].Losses.Length < 2 || count == 0) return false;
        return Dominance.NonDominated([.. known.Select(t => t.Losses.ToArray())]).Count(i => repeated[i]) >= Holding * count;
    }

    private static List<Proposal> Own(IStudyView study, List<Proposal> proposals, int count, Philox random, CancellationToken cancellationToken)
    {
        proposals.AddRange(Plain.Propose(study, count - proposals.Count, random, cancellationToken).Select(p => p with { Note = $"gp, {p.Note}" }));
        return proposals;
    }

    private Beliefs Of(StudyDefinition definition, CancellationToken cancellationToken)
    {
        if (_beliefs.TryGetValue(definition, out Beliefs? known)) return known;
        ImmutableArray<EarlierStudy> studies = EarlierJson.Read(definition);
        var map = new FeatureMap(definition.Space);
        BaseModel?[][] models = [.. studies.Select(s => Enumerable.Range(0, definition.Objectives.Length).Select(j => BaseModel.Fit(map, s, j, cancellationToken)).ToArray())];
        var made = new Beliefs(studies, WarmStart.Best(studies, MostRepeated), models);
        _beliefs.AddOrUpdate(definition, made);
        return made;
    }

    /// <summary>One ensemble per objective, and how its targets come from losses.</summary>
    private sealed record Ensemble(FeatureMap Map, RankingEnsemble[] Objectives, OutcomeWarp[] Warps, double[][] Targets);

    private static Ensemble? Fit(IStudyView study, Trial[] known, Beliefs beliefs, Philox random, CancellationToken cancellationToken)
    {
        var map = new FeatureMap(study.Definition.Space);
        var set = new TrainingSet(map, [.. known.Select(t => new Candidate(map, t.Configuration).Features)]);
        int m = study.Definition.Objectives.Length;
        var objectives = new RankingEnsemble[m];
        var warps = new OutcomeWarp[m];
        var all = new double[m][];
        for (int j = 0; j < m; j++)
        {
            int objective = j;
            double[] losses = [.. known.Select(t => t.Losses[objective])];
            // A heavy upper tail is compressed, as the plain sampler would; here by a fixed strength, since there are few trials to choose one by.
            warps[j] = new OutcomeWarp(losses, losses.Length >= 6 && OutcomeWarp.Skewness(losses) > 1 ? 5 : 0);
            double[] targets = all[j] = [.. losses.Select(warps[j].Apply)];
            if (TargetModel.Fit(set, targets, null, cancellationToken) is not { } own) return null;
            List<TargetModel> models = [own];
            foreach (BaseModel?[] belief in beliefs.Models)
                if (belief[j] is { } b && TargetModel.Fit(set, targets, b, cancellationToken) is { Slope: >= LeastSlope } model) models.Add(model);
            objectives[j] = new RankingEnsemble([.. models], targets, random);
        }
        return new Ensemble(map, objectives, warps, [.. known.Select((_, i) => all.Select(t => t[i]).ToArray())]);
    }

    /// <summary>
    /// The configuration of the largest expected (hypervolume) improvement: from random points, mutations of what is good here and was good before, by local search.
    /// </summary>
    private static Configuration Maximize(IStudyView study, Ensemble e, Beliefs beliefs, List<Configuration> pending, HashSet<Configuration> seen, Philox random, CancellationToken cancellationToken)
    {
        SearchSpace space = study.Definition.Space;
        int m = e.Objectives.Length;
        var candidate = new Candidate(e.Map);
        double[] means = new double[m], deviations = new double[m];
        void Predict(Configuration c)
        {
            candidate.Set(c);
            for (int j = 0; j < m; j++)
            {
                (means[j], double variance) = e.Objectives[j].Predict(candidate.Features);
                deviations[j] = Math.Sqrt(variance);
            }
        }
        List<double[]> values = [.. e.Targets];
        foreach (Configuration p in pending)
        {
            Predict(p);
            values.Add([.. means]);
        }
        double[] raw = study.Definition.ReferenceLosses ?? ReferencePoint.Infer([.. study.Completed.Where(t => t.Losses.All(double.IsFinite)).Select(t => t.Losses.ToArray())]);
        double[] reference = [.. raw.Select((r, j) => e.Warps[j].Apply(r))];
        var improvement = m == 1 ? new ExpectedHypervolume(new BoxDecomposition([], [values.Min(v => v[0])])) : new ExpectedHypervolume(new BoxDecomposition(values, reference), e.Warps);
        double Value(Configuration c)
        {
            Predict(c);
            return improvement.Log(means, deviations);
        }
        Configuration[] starts = [.. ScoredTrials.BestFirst(study).Take(8).Select(t => t.Configuration), .. beliefs.Studies.SelectMany(s => s.Trials.Take(12)).Select(t => t.Configuration)];
        var pool = new HashSet<Configuration>();
        for (int i = 0; i < RandomCandidates; i++) pool.Add(space.Sample(random));
        for (int i = 0; i < Mutations; i++) pool.Add(Evolution.Mutate(space, starts[random.NextInt(starts.Length)], i % 2 == 0 ? 0.1 : 0.3, i % 3 == 0 ? 5 : 20, random));
        pool.UnionWith(starts);
        pool.ExceptWith(seen);
        if (pool.Count == 0) return UnseenSampling.Draw(space, seen, random);
        var ranked = pool.Select(c => (c, v: Value(c))).OrderByDescending(p => p.v).Take(Polished).ToList();
        (Configuration best, double top) = ranked[0];
        foreach ((Configuration start, double begin) in ranked)
        {
            (Configuration at, double value) = (start, begin);
            for (int round = 0; round < PolishRounds; round++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                (Configuration c, double v)? better = null;
                foreach (Configuration n in space.NeighboursOf(at, random, new NeighbourOptions { NumericSteps = 3, Spread = 0.2 * Math.Pow(0.7, round) }))
                    if (!seen.Contains(n) && Value(n) is var v && v > value && (better is null || v > better.Value.v)) better = (n, v);
                if (better is null && round > 6) break;
                if (better is { } b) (at, value) = b;
            }
            if (value > top) (best, top) = (at, value);
        }
        return best;
    }
}
