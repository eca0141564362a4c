using System.Collections.Immutable;
using AutoPeft.GaussianProcess;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// What a study teaches about its parameters: how much of an objective's variance over the space each explains, alone, in pairs and in all,
/// with intervals; how the objective goes with each; and what each switch does. The variance is that under uniform draws from the space,
/// whatever the sampler looked at.
/// <example><code>autopeft importance runs/autopeft-polarity-0</code></example>
/// </summary>
public static class ImportanceAnalysis
{
    /// <summary>Trials below which there is nothing to say.</summary>
    public const int LeastTrials = 10;

    /// <summary>
    /// Draws behind a Gaussian process's intervals, and bootstrap samples behind PED-ANOVA's: enough for the ends of a 95 % interval.
    /// </summary>
    private const int PosteriorDraws = 40, PedSamples = 100;

    /// <summary>Forests on bootstrap samples, whose spread is the forest's: each costs as much as the estimate.</summary>
    private const int ForestSamples = 12;

    /// <summary>Analyses every objective, each by itself: one of which nothing can be said takes nothing from the others.</summary>
    /// <param name="study">A study.</param>
    /// <param name="options">Options, or null for the defaults.</param>
    /// <param name="cancellationToken">Stops a long analysis.</param>
    public static IReadOnlyList<ImportanceResult> OfEach(IStudyView study, ImportanceOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var results = new List<ImportanceResult>();
        for (int j = 0; j < study.Definition.Objectives.Length; j++)
        {
            string name = study.Definition.Objectives[j].Name;
            try { results.Add(new ImportanceResult(name, Of(study, j, options, cancellationToken), null)); }
            catch (InvalidInputException e) { results.Add(new ImportanceResult(name, null, e.Message)); }
        }
        return results;
    }

    /// <summary>Estimates how much each parameter explains of one objective.</summary>
    /// <param name="study">A study.</param>
    /// <param name="objective">Its index.</param>
    /// <param name="options">Options, or null for the defaults.</param>
    /// <param name="cancellationToken">Stops a long analysis.</param>
    /// <exception cref="InvalidInputException">Too few trials completed, or all have the same value.</exception>
    public static ImportanceReport Of(IStudyView study, int objective, ImportanceOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new();
        StudyDefinition definition = study.Definition;
        if (objective < 0 || objective >= definition.Objectives.Length) throw new ArgumentOutOfRangeException(nameof(objective));
        Trial[] trials = [.. study.Completed.Where(t => double.IsFinite(t.Losses[objective])).OrderBy(t => t.Number)];
        string name = definition.Objectives[objective].Name;
        if (trials.Length < LeastTrials)
            throw new InvalidInputException($"Importance needs at least {LeastTrials} completed trials; the study has {trials.Length}.");
        int known = trials.Length;
        if (trials.Length > options.MostTrials)
            trials = [.. Enumerable.Range(0, options.MostTrials).Select(i => trials[(int)((long)i * trials.Length / options.MostTrials)])];
        // Scaled while they are worked with; a mark for "bad" is not a value to explain.
        double[] losses = [.. trials.Select(t => t.Losses[objective])];
        double ceiling = OutcomeWarp.Ceiling(losses);
        losses = [.. losses.Select(l => Math.Min(l, ceiling))];
        var units = LossScale.Of(losses);
        losses = [.. losses.Select(units.Apply)];
        if (options.Cutoff < 1)
        {
            double limit = SampleSpread.Quantile([.. losses.Order()], options.Cutoff);
            losses = [.. losses.Select(l => Math.Min(l, limit))];
        }
        if (losses.Max() - losses.Min() <= 1e-12 * Math.Abs(losses.Max()))
            throw new InvalidInputException($"Every trial has the same '{name}'; there is no variance to explain.");
        var of = new Estimation(definition.Space, definition.Objectives[objective], [.. trials.Select(t => t.Configuration)], losses, known,
            units, options, cancellationToken);
        if (definition.Formulas[objective] is { } formula) return of.ByFormula(formula);
        bool few = trials.Length <= ImportanceOptions.MostModelTrials;
        ImportanceMethod method =
            options.Method != ImportanceMethod.Auto ? options.Method : few ? ImportanceMethod.GaussianProcess : ImportanceMethod.Forest;
        return method switch
        {
            ImportanceMethod.GaussianProcess => of.ByGaussianProcess(),
            ImportanceMethod.Forest => of.ByForest(),
            ImportanceMethod.PedAnova => of.ByPedAnova(),
            _ => throw new InvalidInputException($"'{name}' has no formula; ask for another method."),
        };
    }

    private sealed class Estimation(
        SearchSpace space, Objective objective, Configuration[] configurations, double[] losses, int known, LossScale units,
        ImportanceOptions options,
        CancellationToken cancellationToken)
    {
        private readonly Philox _random = new(options.Seed, 0, StreamPurpose.Bootstrap);
        private readonly bool _isWide = space.Count > options.MostParameters;
        private readonly Standardization _scale = Standardization.Of(losses);

        public ImportanceReport ByGaussianProcess()
        {
            int[] rows = [.. Enumerable.Range(0, losses.Length)];
            if (rows.Length > ImportanceOptions.MostModelTrials)
            {
                _random.Shuffle(rows.AsSpan());
                rows = rows[..ImportanceOptions.MostModelTrials];
            }
            GaussianFunction function = GaussianFunction.Fit(space, [.. rows.Select(r => configurations[r])],
                [.. rows.Select(r => losses[r])], PosteriorDraws, _random, cancellationToken)
                ?? throw new InvalidInputException($"A Gaussian process could not be fitted to '{objective.Name}'; try --method fanova.");
            int[] measured = Measured(function.Sensitivity);
            var indices = new SobolIndices(function, new ProductDomain(space, 2, _random), Points, measured, cancellationToken);
            double[] main = [.. indices.Main.Select(Share)], total = [.. indices.Total.Select(Share)];
            (int, int)[] pairs = Pairs(total);
            ParameterInteraction[] interactions = [.. pairs.Select(p =>
            {
                double[] draws = indices.Pair(p.Item1, p.Item2, cancellationToken);
                return new ParameterInteraction(space.Parameters[p.Item1].Name, space.Parameters[p.Item2].Name,
                    Clip(Share(draws), Shares(draws)));
            })];
            ParameterImportance[] parameters = [.. measured.Select(i =>
                new ParameterImportance(space.Parameters[i].Name, Clip(main[i], Shares(indices.Main[i])), Math.Clamp(total[i], 0, 1)))];
            return Report(ImportanceMethod.GaussianProcess, function.Explained, parameters, interactions, function);

            double[] Shares(double[] draws) => [.. draws.Select((v, s) => indices.Variance[s] > 0 ? v / indices.Variance[s] : 0)];
            double Share(double[] draws) => Shares(draws).Average();
        }

        public ImportanceReport ByForest()
        {
            double[] targets = [.. losses.Select(_scale.Apply)];
            var grid = new AtomGrid(space, configurations, _random);
            var forest = new ForestFunction(grid, configurations, targets, options.Trees, _random, cancellationToken);
            double[] mains = [.. Enumerable.Range(0, space.Count).Select(forest.Main)];
            int[] measured = Measured(p => mains[p]);
            var indices = new SobolIndices(forest, new ProductDomain(space, 2, _random), options.Points ?? Math.Min(Points, 1024), measured,
                cancellationToken);
            double variance = Math.Max(indices.Variance[0], 1e-300);
            double[] main = [.. mains.Select(v => v / variance)], total = [.. indices.Total.Select(t => t[0] / variance)];
            (int, int)[] pairs = Pairs(total);
            double[] together = [.. pairs.Select(p => forest.Pair(p.Item1, p.Item2) / variance)];
            var mainDraws = new List<double[]>();
            var pairDraws = new List<double[]>();
            for (int b = 0; b < ForestSamples; b++)
            {
                int[] rows = [.. Enumerable.Range(0, losses.Length).Select(_ => _random.NextInt(losses.Length))];
                var again = new ForestFunction(grid, [.. rows.Select(r => configurations[r])], [.. rows.Select(r => targets[r])],
                    Math.Max(options.Trees / 4, 8), _random, cancellationToken);
                double spread =
                    Math.Max(new SobolIndices(again, new ProductDomain(space, 2, _random), 256, [], cancellationToken).Variance[0], 1e-300);
                mainDraws.Add([.. Enumerable.Range(0, space.Count).Select(p => again.Main(p) / spread)]);
                pairDraws.Add([.. pairs.Select(p => again.Pair(p.Item1, p.Item2) / spread)]);
            }
            return Report(ImportanceMethod.Forest, forest.Explained,
                [.. measured.Select(p => new ParameterImportance(space.Parameters[p].Name,
                    Around(main[p], [.. mainDraws.Select(m => m[p])]), Math.Clamp(total[p], 0, 1)))],
                [.. pairs.Select((p,
                    k) => new ParameterInteraction(space.Parameters[p.Item1].Name, space.Parameters[p.Item2].Name,
                        Around(together[k], [.. pairDraws.Select(m => m[k])])))], forest);
        }

        public ImportanceReport ByPedAnova()
        {
            var ped = new PedAnova(space, configurations, losses, options.BestShare);
            int[] rows = [.. Enumerable.Range(0, losses.Length)];
            (double[] main, _) = ped.Effects(rows, []);
            (int, int)[] pairs = Pairs(main);
            double sum = Math.Max(main.Sum(), 1e-300);
            double[] together = ped.Effects(rows, pairs).Pairs;
            var mainDraws = new List<double[]>();
            var pairDraws = new List<double[]>();
            for (int b = 0; b < PedSamples; b++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                (double[] m, double[] p) = ped.Effects([.. rows.Select(_ => _random.NextInt(losses.Length))], pairs);
                double total = Math.Max(m.Sum(), 1e-300);
                mainDraws.Add([.. m.Select(v => v / total)]);
                pairDraws.Add([.. p.Select(v => v / total)]);
            }
            double[] targets = [.. losses.Select(_scale.Apply)];
            return Report(ImportanceMethod.PedAnova, null,
                [.. Enumerable.Range(0, space.Count)
                    .Select(p =>
                        new ParameterImportance(space.Parameters[p].Name, Around(main[p] / sum, [.. mainDraws.Select(m => m[p])]), null))],
                [.. pairs.Select((p,
                    k) => new ParameterInteraction(space.Parameters[p.Item1].Name, space.Parameters[p.Item2].Name,
                        Around(together[k] / sum, [.. pairDraws.Select(m => m[k])])))],
                new ForestFunction(new AtomGrid(space, configurations, _random), configurations, targets, options.Trees, _random,
                    cancellationToken));
        }

        /// <summary>The shares of a formula's variance: exact but for the Monte Carlo, and of no model.</summary>
        public ImportanceReport ByFormula(Formula formula)
        {
            double worst = losses.Max();
            // Units of the formula's own losses: those that trials have are the same.
            var function =
                new FormulaFunction(formula, objective, _scale with { Exponent = _scale.Exponent + units.Exponent }, units.Invert(worst));
            int[] measured = Measured(p => formula.Uses(p) ? 1 : 0);
            var indices = new SobolIndices(function, new ProductDomain(space, 2, _random), Points, measured, cancellationToken);
            double variance = indices.Variance[0];
            if (!(variance > 0))
                throw new InvalidInputException(
                    $"'{objective.Name}' is the same everywhere by its formula; there is no variance to explain.");
            double[] total = [.. indices.Total.Select(t => t[0] / variance)];
            ParameterInteraction[] interactions = [.. Pairs(total).Select(p => new ParameterInteraction(
                space.Parameters[p.Item1].Name, space.Parameters[p.Item2].Name,
                Exact(indices.Pair(p.Item1, p.Item2, cancellationToken)[0] / variance)))];
            ParameterImportance[] parameters = [.. measured.Select(
                p => new ParameterImportance(space.Parameters[p].Name, Exact(indices.Main[p][0] / variance), Math.Clamp(total[p], 0, 1)))];
            return Report(ImportanceMethod.Formula, null, parameters, interactions, function);
        }

        private static IntervalEstimate Exact(double share) => new(Math.Clamp(share, 0, 1), double.NaN, double.NaN);

        /// <summary>
        /// Base points of the Monte Carlo. Every parameter costs as many evaluations again; 512 points still resolve shares of a few
        /// hundredths.
        /// </summary>
        private int Points => options.Points ?? (space.Count <= 16 ? 2048 : _isWide ? 512 : 1024);

        /// <summary>
        /// The parameters that are measured: all, or of a wide space the first by <paramref name="sensitivity"/>; in the space's order.
        /// </summary>
        private int[] Measured(Func<int, double> sensitivity) =>
            [.. Enumerable.Range(0, space.Count).OrderByDescending(sensitivity).ThenBy(p => p).Take(options.MostParameters).Order()];

        private ImportanceReport Report(ImportanceMethod method, double? explained, ParameterImportance[] parameters,
            ParameterInteraction[] interactions, ISampledFunction function)
        {
            var effects = new AveragedEffects(function, new ProductDomain(space, 1, _random), objective, _scale, units, options.Confidence);
            ParameterImportance[] order = [.. parameters.OrderByDescending(p => p.Main.Value).ThenByDescending(p => p.Total)];
            HashSet<string> drawn = [.. order.Take(_isWide ? options.CurvesOfWideSpaces : order.Length).Select(p => p.Parameter)];
            HashSet<string> measured = [.. order.Select(p => p.Parameter)];
            return new ImportanceReport
            {
                Objective = objective.Name,
                Method = method,
                Trials = losses.Length,
                IsLogarithmic = objective.Log,
                Limits = Limits(order.Length, drawn.Count),
                Explained = explained,
                Parameters = [.. order],
                Interactions = [.. interactions.OrderByDescending(i => i.Share.Value)],
                Dependence = [.. Enumerable.Range(0, space.Count)
                    .Where(p => space.Parameters[p] is not SubsetParameter && drawn.Contains(space.Parameters[p].Name))
                    .Select(p => effects.Curve(p, options.CurvePoints, cancellationToken))],
                Switches = effects.Switches(measured, cancellationToken),
            };
        }

        private ImmutableArray<string> Limits(int measured, int drawn)
        {
            var limits = ImmutableArray.CreateBuilder<string>();
            if (losses.Length < known) limits.Add($"It rests on {losses.Length} of {known} trials, evenly spread over the study.");
            if (measured < space.Count)
                limits.Add($"Only the {measured} of {space.Count} parameters to which the model is most sensitive were measured, and "
                    + $"curves drawn of {drawn}.");
            return limits.ToImmutable();
        }

        private (int, int)[] Pairs(double[] by)
        {
            int[] top =
                [.. Enumerable.Range(0, by.Length).OrderByDescending(i => by[i]).ThenBy(i => i).Take(options.MostInteracting).Order()];
            return [.. from i in top from j in top where i < j select (i, j)];
        }

        private IntervalEstimate Clip(double value, double[] draws)
        {
            IntervalEstimate e = SampleSpread.Interval(value, draws, options.Confidence);
            return new IntervalEstimate(Math.Clamp(e.Value, 0, 1), Math.Clamp(e.Low, 0, 1), Math.Clamp(e.High, 0, 1));
        }

        /// <summary>
        /// The estimate give or take its bootstrap standard error: bootstrap samples have repeats, which shift what is estimated from them,
        /// but not its spread.
        /// </summary>
        private IntervalEstimate Around(double value, double[] draws)
        {
            double shift = value - draws.Average();
            return Clip(value, [.. draws.Select(d => d + shift)]);
        }
    }
}
