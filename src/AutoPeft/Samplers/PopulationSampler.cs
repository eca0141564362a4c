using AutoPeft.Randomness;
using AutoPeft.Samplers.PopulationTraining;
using AutoPeft.Scheduling;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// The successors in population-based training, for use with <see cref="PopulationScheduler"/>: a place that somebody left goes to a new
/// trial that starts from the checkpoint of one of the best at that comparison (exploit), with other hyperparameters (explore). <c>pbt</c>
/// perturbs its parent's (Jaderberg et al. 2017); <c>pb2</c> chooses the numbers among them by a Gaussian process over time on what each
/// setting gained in an interval (Parker-Holder et al., "Provably efficient online hyperparameter optimization with population-based
/// bandits", NeurIPS 2020), which pays in small populations. What a checkpoint does not fit is inherited: see
/// <see cref="PopulationOptions.Explore"/>. When a whole population has trained to its end and the budget takes another, that one begins.
/// <example><code>autopeft sweep recipe --task polarity --trials 24 --sampler pb2:population=4,quantile=50</code></example>
/// </summary>
internal sealed class PopulationSampler : ISampler
{
    /// <summary>As people type them.</summary>
    public const string Id = "pbt", BanditId = "pb2";

    private readonly PopulationOptions _options;
    private readonly bool _bandit;

    /// <param name="options">The scheduler's.</param>
    /// <param name="bandit">PB2 instead of PBT.</param>
    /// <exception cref="InvalidInputException">An option makes no sense.</exception>
    public PopulationSampler(PopulationOptions? options = null, bool bandit = false) =>
        (_options, _bandit) = ((options ?? new()).Checked(), bandit);

    /// <inheritdoc/>
    public string Name => _bandit ? BanditId : Id;

    /// <inheritdoc/>
    public bool ReadsReports => true;

    /// <summary>As many proposals as there are free places, at most <paramref name="count"/>; none while everybody trains.</summary>
    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        int[] explored = _options.Explore.IsEmpty ? [.. Enumerable.Range(0, space.Count)] : [.. _options.Explore.Select(space.IndexOf)];
        var population = new PopulationState(study, _options);
        var design = new QuasiRandomDesign(space, study.Definition.Seed);
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        var successors = new List<Successor>();
        var proposals = new List<Proposal>(count);
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string? state = null;
            if (population.IsOver && proposals.Count == 0 && population.Following() is { } following)
            {
                population = following;
                state = PopulationState.Begins;
            }
            if (!population.HasOpening) break;
            long rung = population.Fill();
            Trial[] parents = rung > 0 ? population.Parents(rung) : [];
            if (parents.Length == 0)
            {
                int index = study.Trials.Count + i;
                Configuration fresh = design.Next(ref index, seen, random);
                seen.Add(fresh);
                proposals.Add(new Proposal(fresh, state, "Sobol (a new member)"));
                continue;
            }
            Trial parent = parents[random.NextInt(parents.Length)];
            var from = new TrialParent(parent.Number, PopulationState.StepAt(parent, rung));
            string how = "perturbed";
            Configuration perturbed = Perturbation.Of(parent.Configuration, explored, _options.Resample, random), chosen = perturbed;
            if (_bandit
                && IntervalBandit.Choose(study, population, _options, parent, rung, perturbed, explored, successors, random) is { } best)
                (chosen, how) = (best, "GP-UCB");
            successors.Add(new Successor(parent, rung, chosen));
            proposals.Add(new Proposal(chosen, null, $"{how}, from {from}", from));
        }
        return proposals;
    }
}
