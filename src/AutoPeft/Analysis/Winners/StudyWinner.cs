using System.Globalization;
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
internal sealed record StudyWinner(string Objective, int Trial, int Runs, int Candidates, double Observed, double Corrected, double Worse, double Better, bool IsTold, double Noise, NoiseSource Source)
{
    /// <summary>Fewest degrees of freedom from repeats before they are preferred to a model.</summary>
    private const int LeastFreedom = 2;

    /// <summary>Over how many of a model's explanations of the data its noise is averaged.</summary>
    private const int Draws = 100;

    /// <summary>The winner among completed feasible trials. Results of equal configurations are averaged.</summary>
    /// <param name="study">A study.</param>
    /// <param name="objective">Index of the objective.</param>
    /// <param name="confidence">Level of the interval. Default 0.95.</param>
    /// <param name="cancellationToken">Stops the fit of a model.</param>
    /// <exception cref="InvalidInputException">Several configurations share the best value; or there is nothing to learn the noise from: no repeats and fewer than ten trials, or results that do not vary.</exception>
    public static StudyWinner Of(IStudyView study, int objective, double confidence = 0.95, CancellationToken cancellationToken = default)
    {
        Objective of = study.Definition.Objectives[objective];
        Trial[] trials = [.. study.Completed.Where(t => t.IsFeasible && double.IsFinite(t.Losses[objective])).OrderBy(t => t.Number)];
        if (trials.Length == 0) throw new InvalidInputException("No feasible trial has completed: there is no winner yet.");
        var scale = LossScale.Of([.. trials.Select(t => t.Losses[objective])]);
        double Loss(Trial t) => scale.Apply(t.Losses[objective]);
        double Value(double loss) => of.FromLoss(scale.Invert(loss));
        Trial[][] groups = [.. trials.GroupBy(t => t.Configuration).Select(g => g.ToArray())];
        double[] means = [.. groups.Select(g => g.Average(Loss))];
        // As for a count of parameters: a race that ended in a dead heat says nothing of luck.
        int equals = means.Count(m => m == means.Min());
        if (equals > 1) throw new InvalidInputException(string.Create(CultureInfo.InvariantCulture, $"{equals} configurations share the best value of {of.Name}: there is no winner to tell from a next."));
        double squares = 0;
        int freedom = 0;
        for (int g = 0; g < groups.Length; g++)
        {
            foreach (Trial t in groups[g]) squares += Math.Pow(Loss(t) - means[g], 2);
            freedom += groups[g].Length - 1;
        }
        NoiseSource source = freedom >= LeastFreedom && squares > 0 ? NoiseSource.Repeats : NoiseSource.Model;
        double noise = source == NoiseSource.Repeats ? Math.Sqrt(squares / freedom)
            : ModelNoise(study.Definition.Space, [.. trials.Select(t => t.Configuration)], [.. trials.Select(Loss)], cancellationToken);
        WinnerEstimate e = WinnerInference.Of(means, [.. groups.Select(g => noise / Math.Sqrt(g.Length))], confidence, source == NoiseSource.Repeats ? freedom : double.PositiveInfinity);
        Trial[] winner = groups[e.Winner];
        return new StudyWinner(of.Name, winner[0].Number, winner.Length, groups.Length, Value(e.Observed), Value(e.Corrected), Value(e.High), Value(e.Low),
            groups.Length == 1 || e.IsTold, scale.Invert(noise), source);
    }

    private static double ModelNoise(SearchSpace space, Configuration[] configurations, double[] losses, CancellationToken cancellationToken)
    {
        const int least = 10;
        if (losses.Length < least) throw new InvalidInputException($"The noise of {losses.Length} trial(s) without repeats cannot be estimated; run some configurations again, or at least {least} trials.");
        var map = new FeatureMap(space);
        int[] rows = [.. Enumerable.Range(0, losses.Length)];
        // The better half, and no more than a fit takes: runs that diverged say nothing of the noise among good ones.
        rows = [.. rows.OrderBy(r => losses[r]).Take(Math.Max(least, Math.Min(losses.Length / 2 + 1, HyperparameterFit.MostPoints))).Order()];
        double[] some = [.. rows.Select(r => losses[r])];
        Standardization scale = Standardization.Of(some);
        var set = new TrainingSet(map, [.. rows.Select(r => new Candidate(map, configurations[r]).Features)]);
        double[] targets = [.. some.Select(scale.Apply)];
        var prior = new HyperparameterPrior(false);
        Hyperparameters? h = HyperparameterFit.Fit(set, targets, prior, null, true, false, out _, cancellationToken);
        if (h is null || some.Max() - some.Min() <= 0) throw new InvalidInputException("The noise cannot be estimated: the results do not vary.");
        // With few trials a function that follows every wiggle is the most probable one, and it leaves no noise. What all functions that explain the data as well leave, on average, is honest.
        Hyperparameters[] draws = HyperparameterSampling.Draw(set, targets, prior, h, HyperparameterSampling.Scales(set, targets, prior, h), Draws, new Philox(0, 0, StreamPurpose.Bootstrap));
        return scale.Spread * Math.Sqrt(draws.Average(d => Math.Exp(d.LogNoise)));
    }
}
