using System.Collections.Immutable;
using AutoPeft.Pareto;
using AutoPeft.Randomness;
using AutoPeft.Samplers.GaussianProcess;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Winners;

/// <summary>Where the size of the noise was learnt.</summary>
internal enum NoiseSource
{
    /// <summary>From configurations that ran more than once.</summary>
    Repeats,

    /// <summary>From a Gaussian process, as what no smooth function of the configuration explains.</summary>
    Model,

    /// <summary>There is none: the objective is a formula of the configuration, or no two results differ.</summary>
    None,
}

/// <summary>The best configuration of a study by one objective, and how much of its lead is luck.</summary>
/// <param name="Objective">The objective's name.</param>
/// <param name="Trial">The lowest number among the trials of the winning configuration.</param>
/// <param name="Runs">How often it ran.</param>
/// <param name="Candidates">How many configurations it was the best of.</param>
/// <param name="Observed">Mean of its results, in the objective's own units.</param>
/// <param name="Corrected">Median-unbiased estimate of what it is truly worth.</param>
/// <param name="Worse">The end of the interval on the worse side.</param>
/// <param name="Better">The end of the interval on the better side.</param>
/// <param name="IsTold">Whether it can be told from the runner-up.</param>
/// <param name="Noise">Standard deviation of one result, in units of the loss (log10 on a logarithmic scale).</param>
/// <param name="Source">Where the noise was learnt.</param>
internal sealed record StudyWinner(
    string Objective, int Trial, int Runs, int Candidates, double Observed, double Corrected, double Worse, double Better, bool IsTold,
    double Noise, NoiseSource Source)
{
    /// <summary>
    /// Other configurations with the same best value, each by its lowest trial number; empty for none. The winner was chosen among all of
    /// them by the other objectives, in their order, and then by its number; it cannot be told from them.
    /// </summary>
    public ImmutableArray<int> Ties { get; init; } = [];

    /// <summary>Fewest degrees of freedom from repeats before they are preferred to a model.</summary>
    private const int LeastFreedom = 2;

    /// <summary>Over how many of a model's explanations of the data its noise is averaged.</summary>
    private const int Draws = 100;

    /// <summary>The winner among completed feasible trials. Results of equal configurations are averaged.</summary>
    /// <param name="study">A study.</param>
    /// <param name="objective">Index of the objective.</param>
    /// <param name="repeats">
    /// Further results of some trials' configurations, by trial number and in the objective's own units, as a final evaluation has them;
    /// null for none.
    /// </param>
    /// <param name="confidence">Level of the interval. Default 0.95.</param>
    /// <param name="cancellationToken">Stops the fit of a model.</param>
    /// <exception cref="InvalidInputException">
    /// No trial has completed, or there is nothing to learn the noise from: no repeats and fewer than ten trials.
    /// </exception>
    public static StudyWinner Of(IStudyView study, int objective, IReadOnlyDictionary<int, IReadOnlyList<double>>? repeats = null,
        double confidence = 0.95, CancellationToken cancellationToken = default)
    {
        Objective of = study.Definition.Objectives[objective];
        Trial[] trials = [.. study.Completed.Where(t => t.IsFeasible && double.IsFinite(t.Losses[objective])).OrderBy(t => t.Number)];
        if (trials.Length == 0) throw new InvalidInputException("No feasible trial has completed: there is no winner yet.");
        double[] Further(Trial t) => [.. repeats?.GetValueOrDefault(t.Number)?.Where(double.IsFinite).Select(of.ToLoss) ?? []];
        var scale = LossScale.Of([.. trials.SelectMany(t => Further(t).Prepend(t.Losses[objective]))]);
        double Value(double loss) => of.FromLoss(scale.Invert(loss));
        // The winner first: by the objective, then by the others in their order, then by number.
        Candidate[] all = [.. trials.GroupBy(t => t.Configuration)
            .Select(g => new Candidate([.. g], [.. g.SelectMany(t => Further(t).Prepend(t.Losses[objective])).Select(scale.Apply)]))];
        IOrderedEnumerable<Candidate> order = all.OrderBy(c => c.Mean);
        for (int j = 0; j < study.Definition.Objectives.Length; j++)
        {
            int other = j;
            order = order.ThenBy(c => c.Trials.Average(t => t.Losses[other]));
        }
        all = [.. order.ThenBy(c => c.Trials[0].Number)];
        Candidate best = all[0];
        ImmutableArray<int> ties = [.. all.Skip(1).TakeWhile(c => c.Mean == best.Mean).Select(c => c.Trials[0].Number).Order()];
        double observed = Value(best.Mean), squares = all.Sum(c => c.Losses.Sum(l => (l - c.Mean) * (l - c.Mean)));
        var winner = new StudyWinner(of.Name, best.Trials[0].Number, best.Losses.Length, all.Length, observed, observed, observed, observed,
            ties.IsEmpty, 0, NoiseSource.None)
        { Ties = ties };
        if (of.Formula is not null || ties.Length == all.Length - 1 && squares == 0) return winner;
        int freedom = all.Sum(c => c.Losses.Length - 1);
        NoiseSource source = freedom >= LeastFreedom && squares > 0 ? NoiseSource.Repeats : NoiseSource.Model;
        double[] own = [.. trials.Select(t => scale.Apply(t.Losses[objective]))];
        double noise = source == NoiseSource.Repeats ? Math.Sqrt(squares / freedom)
            : ModelNoise(study.Definition.Space, [.. trials.Select(t => t.Configuration)], own, cancellationToken);
        double[] errors = [.. all.Select(c => noise / Math.Sqrt(c.Losses.Length))];
        WinnerEstimate e = WinnerInference.Of([.. all.Select(c => c.Mean)], errors, confidence,
            source == NoiseSource.Repeats ? freedom : double.PositiveInfinity);
        return winner with
        {
            Corrected = Value(e.Corrected),
            Worse = Value(e.High),
            Better = Value(e.Low),
            IsTold = ties.IsEmpty && (all.Length == 1 || e.IsTold),
            Noise = scale.Invert(noise),
            Source = source,
        };
    }

    /// <summary>
    /// A configuration, the trials that ran it by number, and its results as scaled losses, with those of a final evaluation.
    /// </summary>
    private sealed record Candidate(Trial[] Trials, double[] Losses)
    {
        public double Mean { get; } = Losses.Average();
    }

    private static double ModelNoise(SearchSpace space, Configuration[] configurations, double[] losses,
        CancellationToken cancellationToken)
    {
        const int least = 10;
        if (losses.Length < least)
            throw new InvalidInputException($"The noise of {losses.Length} trial(s) without repeats cannot be estimated; run some "
                + $"configurations again, or at least {least} trials.");
        var map = new FeatureMap(space);
        int[] rows = [.. Enumerable.Range(0, losses.Length)];
        // The better half, and no more than a fit takes: runs that diverged say nothing of the noise among good ones.
        rows =
            [.. rows.OrderBy(r => losses[r]).Take(Math.Max(least, Math.Min(losses.Length / 2 + 1, HyperparameterFit.MostPoints))).Order()];
        double[] some = [.. rows.Select(r => losses[r])];
        Standardization scale = Standardization.Of(some);
        var set = new TrainingSet(map, [.. rows.Select(r => new Samplers.GaussianProcess.Candidate(map, configurations[r]).Features)]);
        double[] targets = [.. some.Select(scale.Apply)];
        var prior = new HyperparameterPrior(false);
        Hyperparameters? h = HyperparameterFit.Fit(set, targets, prior, null, true, false, out _, cancellationToken);
        if (h is null || some.Max() - some.Min() <= 0)
            throw new InvalidInputException("The noise cannot be estimated: the results do not vary.");
        // With few trials a function that follows every wiggle is the most probable one, and it leaves no noise. What all functions that
        // explain the data as well leave, on average, is honest.
        Hyperparameters[] draws = HyperparameterSampling.Draw(set, targets, prior, h, HyperparameterSampling.Scales(set, targets, prior, h),
            Draws, new Philox(0, 0, StreamPurpose.Bootstrap));
        return scale.Spread * Math.Sqrt(draws.Average(d => Math.Exp(d.LogNoise)));
    }
}
