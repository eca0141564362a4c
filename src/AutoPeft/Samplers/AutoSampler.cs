using AutoPeft.GaussianProcess;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// The default: chooses a sampler by the space, the budget, the objectives and how far the study is, and says in every proposal which and
/// in the first of each why.
/// <list type="bullet">
/// <item>A finite space that the budget covers: grid, since trying everything cannot be beaten.</item>
/// <item>Up to <see cref="MostModelTrials"/> trials: Gaussian process, with the sparse prior in very wide spaces.</item>
/// <item>Beyond: TPE, whose cost hardly grows; NSGA-II for several objectives; CMA-ES for one objective on numbers alone.</item>
/// </list>
/// Each of them reads whatever trials there are, so the change costs nothing.
/// <example><code>autopeft sweep autopeft --task polarity --trials 40</code></example>
/// </summary>
internal sealed class AutoSampler : ISampler
{
    /// <summary>Trials up to which the Gaussian process is used: a proposal then still takes less than a second.</summary>
    public const int MostModelTrials = 500;

    /// <summary>Parameters beyond which most are assumed not to matter.</summary>
    public const int WideSpace = 50;

    private static readonly GaussianProcessSampler Dense = new(), Sparse = new(new GaussianProcessOptions { SparsePrior = true });
    private static readonly GridSampler Grid = new();
    private static readonly TpeSampler Tpe = new();
    private static readonly NsgaIISampler Nsga = new();
    private static readonly CmaEsSampler Cma = new();

    /// <inheritdoc/>
    public string Name => "auto";

    /// <summary>Which sampler serves the next ask of <paramref name="study"/>, and why.</summary>
    public static (ISampler Sampler, string Reason) Choose(IStudyView study)
    {
        SearchSpace space = study.Definition.Space;
        int objectives = study.Definition.Objectives.Length, trials = study.Trials.Count;
        if (study.Definition.Budget is { } budget && space.Cardinality is { } size && size <= budget
            && space.Parameters.All(p => p.Cardinality <= 5 || !p.IsOrdered || p is OrdinalParameter) && trials < size)
            return (Grid, $"the budget of {budget} covers all {size} configurations");
        if (trials < MostModelTrials)
            return space.Count > WideSpace
                ? (Sparse, $"{space.Count} parameters, few of which are likely to matter: sparse prior")
                : (Dense,
                    objectives > 1
                        ? $"up to {MostModelTrials} trials of {objectives} objectives: expected hypervolume improvement"
                        : $"up to {MostModelTrials} trials: a model of the objective pays");
        if (objectives > 1) return (Nsga, $"{trials} trials of {objectives} objectives: a population costs nothing to keep");
        return space.Parameters.All(p => p is FloatParameter or IntParameter) && !space.IsConditional
            ? (Cma, $"{trials} trials on numbers alone: a learnt search distribution")
            : (Tpe, $"{trials} trials on a mixed space: densities of good and bad trials");
    }

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        (ISampler sampler, string reason) = Choose(study);
        List<Proposal> proposals = [.. sampler.Propose(study, count, random, cancellationToken)];
        // A grid that constraints have thinned runs out before the budget does.
        if (proposals.Count < count) proposals.AddRange(Dense.Propose(study, count - proposals.Count, random, cancellationToken));
        bool first = study.Trials.Count is 0 or MostModelTrials;
        for (int i = 0; i < proposals.Count; i++)
        {
            string how = proposals[i].Note is { } note ? $"{sampler.Name}, {note}" : sampler.Name;
            proposals[i] = proposals[i] with { Note = first && i == 0 ? $"{how} ({reason})" : how };
        }
        return proposals;
    }
}
