using AutoPeft.GaussianProcess;
using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Bayesian optimisation with Gaussian processes, for one objective and several, on mixed, conditional and constrained spaces. The choice
/// where a trial costs more than a tenth of a second and there are at most several hundred of them.
/// <para>Surrogates: exact Gaussian processes, Matérn 5/2 with a length scale per parameter, about a common one of the dimension-scaled
/// prior (Hvarfner et al. 2024), fitted by multi-start maximum a posteriori with analytic gradients. Acquisition: log noisy expected
/// (hypervolume) improvement (Ament et al. 2023; Daulton et al. 2021; Letham et al. 2019), exact over the front's boxes and averaged over
/// joint draws where there is noise or where trials are pending; times the probability of feasibility; times a stated prior (πBO).</para>
/// <example><code>autopeft sweep autopeft --task polarity --sampler gp --trials 40</code></example>
/// </summary>
public sealed class GaussianProcessSampler : ISampler
{
    /// <summary>
    /// One trial in so many goes for what is unknown. With one objective, one in two finds Shekel's peak sooner by a tenth and the optima
    /// of Ackley's, Levy's and Rosenbrock's functions later by as much. Several objectives of numbers: with one in eight, two objectives'
    /// fronts now and then lacked an end (one study of 40 of branin-currin's); with one in four, fronts of more objectives are found later.
    /// </summary>
    private static int BoldTurns(int objectives) => objectives <= 2 ? 4 : 8;

    /// <summary>
    /// Objectives from which on models are held to what they foresaw: it takes the error of one to lead astray, and in some far corner
    /// several come together. DTLZ2's mean hypervolume over three and four objectives grows by a tenth, and vehicle-safety, car-side-impact
    /// and DTLZ7 lose nothing; over two, what DTLZ2 gains (4 %) shifted DTLZ2 and the four-bar truss lose (3 % and 1 %).
    /// </summary>
    private const int LeastObjectivesToBeWary = 3;

    private readonly GaussianProcessOptions _options;

    /// <summary>Makes a Gaussian-process sampler with these options; null: the defaults.</summary>
    public GaussianProcessSampler(GaussianProcessOptions? options = null) => _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "gp";

    /// <summary>Start-up trials for a space of so many parameters.</summary>
    private int Startup(SearchSpace space) => _options.StartupTrials ?? Math.Clamp(3 + (int)Math.Sqrt(space.Count), 4, 8);

    /// <summary>
    /// What is asked of an improvement by the trial that is proposed after <paramref name="ahead"/> others: turn about more, and less of
    /// the unknown.
    /// </summary>
    private AcquisitionMode Turn(IStudyView study, FeatureMap map, int ahead, IEarlierBeliefs? earlier)
    {
        int number = study.Trials.Count + ahead, turns = BoldTurns(study.Definition.Objectives.Length);
        bool last = study.Definition.Budget is { } budget && number >= budget - budget / 6;
        if (study.Definition.Objectives.Length == 1)
            return last ? new AcquisitionMode(0, _options.LastUncertaintyScale)
                : number % turns == 0 ? new AcquisitionMode(_options.Margin, 1)
                : new AcquisitionMode(0, _options.UncertaintyScale);
        bool wary = earlier is null && study.Definition.Objectives.Length >= LeastObjectivesToBeWary;
        // Among choices there is little to polish; and what was believed before holds better there than what is left of it says.
        if (map.HasChoices)
            return earlier is null
                ? AcquisitionMode.Plain with { IsPessimistic = wary }
                : new AcquisitionMode(0, _options.FrontUncertaintyScale);
        // Before there is a front, there is nothing to polish and no mean to trust.
        if (!HasFront(study)) return AcquisitionMode.Plain;
        return number % turns != 0 ? new AcquisitionMode(0, _options.FrontUncertaintyScale, wary)
            : last ? AcquisitionMode.Plain
            : new AcquisitionMode(_options.FrontMargin, 1);
    }

    /// <summary>Whether anything dominates the reference point, where one is stated.</summary>
    private static bool HasFront(IStudyView study) =>
        study.Definition.ReferenceLosses is not { } reference
            || study.Completed.Any(t => t.IsFeasible && t.Losses.Select((loss, j) => loss < reference[j]).All(below => below));

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        var proposals = new List<Proposal>(count);
        int startup = Startup(space), known = study.Completed.Count(t => t.Losses.All(double.IsFinite));
        int first = study.Trials.Count;
        var design = new StartupDesign(space, study.Definition.Seed, startup);
        // A trade-off's models from two results send all workers to corners that say little of what lies between; other models learn from
        // anything.
        bool early = study.Definition.Objectives.Length > 1 && first - study.PendingCount < startup && !new FeatureMap(space).HasChoices;
        while (proposals.Count < count && (first + proposals.Count < startup || known < 2 || early))
        {
            Configuration c = design.At(first + proposals.Count, seen, random, out string note);
            seen.Add(c);
            proposals.Add(new Proposal(c, null, note));
        }
        return proposals.Count == count ? proposals : ByModel(study, count, proposals, seen, random, null, cancellationToken);
    }

    /// <summary>Adds to <paramref name="proposals"/> until there are <paramref name="count"/>, by the models alone.</summary>
    /// <param name="study">The study; it has at least two values.</param>
    /// <param name="count">How many proposals are wanted in the end.</param>
    /// <param name="proposals">Those there are already; counted as pending.</param>
    /// <param name="seen">Not to be proposed; added to.</param>
    /// <param name="random">The one source of randomness.</param>
    /// <param name="earlier">What earlier studies say; null for nothing.</param>
    /// <param name="cancellationToken">Looked at between fits and starts.</param>
    internal List<Proposal> ByModel(IStudyView study, int count, List<Proposal> proposals, HashSet<Configuration> seen, Philox random,
        IEarlierBeliefs? earlier, CancellationToken cancellationToken)
    {
        SearchSpace space = study.Definition.Space;
        var map = new FeatureMap(space);
        var data = new SurrogateData(study, map, _options.HypervolumeObjectives, random);
        Surrogates? surrogates = Surrogates.Fit(data, _options, study.SamplerState, random, earlier, cancellationToken);
        StatedPrior? prior = StatedPrior.Of(space);
        var pending = new List<Configuration>(data.Pending);
        pending.AddRange(proposals.Select(p => p.Configuration));
        IReadOnlyList<Configuration> incumbents = [.. data.Incumbents(12), .. earlier?.Starts ?? []];
        string acquisitionName = data.Losses[0].Length > 1 ? "log EHVI" : study.Definition.Objectives.Length > 1 ? "ParEGO" : "log EI";
        if (data.Formulas.Any(f => f is not null))
            acquisitionName +=
                $", {string.Join(", ", study.Definition.Objectives.Where(o => o.Formula is not null).Select(o => o.Name))} by formula";
        if (surrogates?.IsNoisy == true) acquisitionName = "noisy " + acquisitionName;
        MixedOptimizerOptions optimizer = surrogates?.IsNoisy == true ? new() { Apart = 0 } : new();
        while (proposals.Count < count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IAcquisition? acquisition = surrogates?.Acquire(pending, random, prior, Turn(study, map, proposals.Count, earlier));
            Configuration? chosen = acquisition is null
                ? null
                : new MixedOptimizer(map, acquisition, random, optimizer).Maximize(incumbents, seen, cancellationToken);
            string note = acquisitionName;
            if (chosen is null)
            {
                chosen = UnseenSampling.Draw(space, seen, random);
                note = acquisition is null ? "random: the Gaussian process could not be fitted"
                    : seen.Contains(chosen) ? "repeat: every configuration was tried"
                    : "random: nothing new near the optimum";
            }
            seen.Add(chosen);
            pending.Add(chosen);
            proposals.Add(new Proposal(chosen, null, note));
        }
        if (surrogates is not null) proposals[^1] = proposals[^1] with { State = surrogates.State.ToText() };
        return proposals;
    }
}
