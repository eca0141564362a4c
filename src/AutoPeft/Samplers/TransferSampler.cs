using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using AutoPeft.GaussianProcess;
using AutoPeft.Randomness;
using AutoPeft.Samplers.Transfer;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// Bayesian optimisation that starts from earlier studies: they are in the study's definition (<see cref="StudyDefinition.Earlier"/>),
/// each a belief that counts as much as it predicts the order of this study's own trials (ranking-weighted ensemble: Feurer et al. 2018),
/// per objective; improvement is averaged over models on these beliefs and models of this study alone, with all that <see
/// cref="GaussianProcessSampler"/> has. The first trials are the best of the earlier studies, in turn with points that cover the space.
/// Where the earlier studies turn out to say nothing, it goes on as that sampler.
/// <example><code>autopeft sweep autopeft --task subjectivity --model base --from runs/autopeft-polarity-0 --from-as prior</code></example>
/// </summary>
internal sealed class TransferSampler : ISampler
{
    /// <summary>Trials before the ensemble: fewer cannot tell a related study from an unrelated one.</summary>
    private const int Startup = 4;

    /// <summary>
    /// How many of them repeat the earlier studies' best. No more: what a model on their beliefs proposes is as good, and new (ten repeats,
    /// as long as they stayed on the front, reached less in ten trials than these three).
    /// </summary>
    private const int Repeated = Startup - 1;

    /// <summary>The trial that is taken from the usual design in between, to have something to compare with.</summary>
    private const int Designed = 2;

    /// <summary>Trials up to which earlier studies are asked: beyond, this one knows more than any other can tell it.</summary>
    private const int MostWithBeliefs = 100;

    /// <summary>How many of each earlier study's best the search for the acquisition's maximum starts from.</summary>
    private const int StartsOfEach = 12;

    private static readonly GaussianProcessSampler Plain = new();

    // The beliefs are a function of the definition; fitting them again for every ask would cost seconds.
    private readonly ConditionalWeakTable<StudyDefinition, Beliefs> _beliefs = [];

    private sealed record Beliefs(IReadOnlyList<Configuration> Best, IReadOnlyList<Configuration> Starts, Posterior?[][] Models)
    {
        /// <summary>With workspaces of its own.</summary>
        public EarlierBeliefs ForOneProposal() => new([.. Models.Select(s => s.Select(m => m?.Copy()).ToArray())], Starts);
    }

    /// <inheritdoc/>
    public string Name => "transfer";

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        Beliefs beliefs = Of(study.Definition, cancellationToken);
        if (beliefs.Best.Count == 0) return Plain.Propose(study, count, random, cancellationToken);
        HashSet<Configuration> seen = UnseenSampling.Seen(study);
        var proposals = new List<Proposal>(count);
        int first = study.Trials.Count;
        var design = new StartupDesign(space, study.Definition.Seed, Startup);
        Trial[] known = [.. study.Completed.Where(t => t.Losses.All(double.IsFinite))];
        while (proposals.Count < count)
        {
            int number = first + proposals.Count;
            if (number >= Startup && known.Length >= 3) break;
            Configuration? best = number != Designed && number < Startup ? beliefs.Best.FirstOrDefault(c => !seen.Contains(c)) : null;
            string note = "best of an earlier study";
            Configuration chosen = best ?? design.At(Math.Max(number - Designed, 0), seen, random, out note);
            seen.Add(chosen);
            proposals.Add(new Proposal(chosen, null, note));
        }
        if (proposals.Count == count) return proposals;
        int repeated = proposals.Count;
        EarlierBeliefs? earlier = known.Length > MostWithBeliefs ? null : beliefs.ForOneProposal();
        List<Proposal> all = Plain.ByModel(study, count, proposals, seen, random, earlier, cancellationToken);
        string source = earlier is { Weight: > 0 }
            ? $"weight {earlier.Weight.ToString("0.00", CultureInfo.InvariantCulture)} on earlier studies, "
            : "gp, ";
        return [.. all.Select((p, i) => i < repeated ? p : p with { Note = source + p.Note })];
    }

    private Beliefs Of(StudyDefinition definition, CancellationToken cancellationToken)
    {
        if (_beliefs.TryGetValue(definition, out Beliefs? known)) return known;
        ImmutableArray<EarlierStudy> studies = definition.Earlier;
        var map = new FeatureMap(definition.Space);
        Posterior?[][] models = [.. studies.Select(
            s => Enumerable.Range(0, definition.Objectives.Length).Select(j => EarlierBelief.Fit(map, s, j, cancellationToken)).ToArray())];
        var made = new Beliefs(WarmStart.Best(studies, Repeated),
            [.. studies.SelectMany(s => s.Trials.Take(StartsOfEach)).Select(t => t.Configuration)], models);
        _beliefs.AddOrUpdate(definition, made);
        return made;
    }
}
