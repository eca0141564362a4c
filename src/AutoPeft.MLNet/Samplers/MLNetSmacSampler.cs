using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;
using Microsoft.ML.AutoML;

namespace AutoPeft.MLNet.Samplers;

/// <summary>
/// ML.NET's SMAC tuner (Hutter, Hoos and Leyton-Brown, LION 2011) as a sampler: expected improvement under a random forest, every other
/// proposal random. For comparisons with ML.NET. Several objectives are scalarised with weights drawn for each ask (ParEGO).
/// <para>
/// The tuner is made anew for each ask, seeded by the ask's stream, and told every result: so the sampler keeps nothing, and the forest has
/// all results where ML.NET fits one every ten trials. What breaks a hard constraint or was tried already is replaced by a neighbour. Where
/// no forest can be fitted the proposal is random, and its note says so.
/// </para>
/// <example><code>autopeft sweep recipe --task polarity --model base --sampler mlnet-smac</code></example>
/// </summary>
public sealed class MLNetSmacSampler : ISampler
{
    // ML.NET's threshold below which a local search has arrived, for our losses between 0 and 1.
    private const double Arrived = 1e-5;

    private readonly MLNetSmacOptions _options;

    /// <param name="options">ML.NET's defaults where null.</param>
    public MLNetSmacSampler(MLNetSmacOptions? options = null) => _options = options ?? new MLNetSmacOptions();

    /// <inheritdoc/>
    public string Name => "mlnet-smac";

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The hard constraints leave nothing to propose, or ML.NET's native libraries are not there
    /// for this platform.</exception>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        StudyDefinition definition = study.Definition;
        var space = new TunerSpace(definition.Space);
        if (space.Theirs.Count == 0) return [.. Enumerable.Range(0, count).Select(_ => new Proposal(definition.Space.Sample(random)))];
        var admission = new Admission(study);
        var losses = new TunerLosses(study, TunerLosses.Draw(definition.Objectives.Length, random), cutTail: true);
        int seed = (int)(random.NextUInt32() >> 1);
        // Two candidates for each proposal, of which the tuner's queue has the first half by expected improvement and the second at random.
        ITuner tuner = TunerFactory.Make(space.Theirs, seed,
            e => e.SetSmacTuner(_options.InitialPopulation, 2 * count, _options.Trees, _options.LeafSize, _options.SplitRatio,
            _options.SearchParents, _options.RandomCandidates, Arrived, _options.Neighbours));
        if (losses.Any)
        {
            foreach (Trial t in study.Trials.Where(t => !t.IsPending))
                tuner.Update(new TrialResult
                {
                    TrialSettings = new TrialSettings { TrialId = t.Number, Parameter = space.Encode(t.Configuration) },
                    Loss = losses.Of(t),
                    Metric = losses.Of(t),
                });
        }
        var proposals = new Proposal[count];
        cancellationToken.ThrowIfCancellationRequested();
        if (Candidates(tuner, 2 * count) is not { } candidates)
        {
            for (int i = 0; i < count; i++)
                proposals[i] =
                    new Proposal(admission.Admit(definition.Space.Sample(random), random), Note: "random: no forest could be fitted");
            return proposals;
        }
        for (int i = 0; i < count; i++)
        {
            // Interleaved with random ones, as SMAC does against a model that is wrong.
            bool improve = (study.Trials.Count + i) % 2 == 0;
            proposals[i] = new Proposal(admission.Admit(space.Decode(candidates[improve ? i : count + i], random), random));
        }
        return proposals;
    }

    private Microsoft.ML.SearchSpace.Parameter[]? Candidates(ITuner tuner, int count)
    {
        try
        {
            return [.. Enumerable.Range(0, count).Select(i => tuner.Propose(new TrialSettings { TrialId = i }))];
        }
        catch (Exception e)
            when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException
                || e.InnerException is DllNotFoundException)
        {
            throw new InvalidInputException(
                $"The sampler '{Name}' cannot load ML.NET's native library for random forests here: {e.Message.Split('\n')[0]}", e);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
        {
            // A split that left no result to test the forest on, or none to fit it to. The study goes on.
            return null;
        }
    }
}
