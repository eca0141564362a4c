using AutoPeft.Randomness;
using AutoPeft.Samplers;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Analysis.Racing;

/// <summary>
/// A race as a study: the space is (candidate, repeat), the first objective decides, and the sampler asks for the runs that the race wants
/// next. It has run out when one candidate is left, so the budget that is left is not spent. Repeats are seeds of the final evaluation,
/// which no search has seen. With workers to spare the next block is begun before the last is complete.
/// </summary>
internal sealed class RaceSampler(RaceOptions? options = null) : ISampler
{
    /// <summary>The sampler's name in a study's definition.</summary>
    public const string Id = "race";

    /// <inheritdoc/>
    public string Name => Id;

    /// <summary>Where the race of a study stands.</summary>
    /// <exception cref="InvalidInputException">The study's space is not (candidate, repeat).</exception>
    public RaceStanding Standing(IStudyView study) => Of(study).Standing(Results(study));

    /// <inheritdoc/>
    public IReadOnlyList<Proposal> Propose(IStudyView study, int count, Philox random, CancellationToken cancellationToken = default)
    {
        SearchSpace space = study.Definition.Space;
        RaceResult[] results = Results(study);
        HashSet<(int, int)> pending = [.. study.Trials.Where(t => t.IsPending).Select(Key)];
        return [.. Of(study).Next(results, pending).Take(count).Select(n => new Proposal(
            space.FromValues(new Dictionary<string, object?> { ["candidate"] = (long)n.Candidate, ["repeat"] = (long)n.Block }), null,
            $"block {n.Block}"))];
    }

    private Race Of(IStudyView study)
    {
        SearchSpace space = study.Definition.Space;
        if (space.Count != 2 || !space.Contains("candidate") || !space.Contains("repeat")
            || space.Parameters.Any(p => p is not IntParameter { Low: 0 }))
            throw new InvalidInputException($"A race runs over the parameters candidate and repeat, whole numbers from 0; "
                + $"'{study.Definition.Name}' has {string.Join(", ", space.Parameters.Select(p => p.Name))}.");
        return new Race((int)space.Parameters[space.IndexOf("candidate")].Cardinality!.Value,
            (int)space.Parameters[space.IndexOf("repeat")].Cardinality!.Value, options);
    }

    private static RaceResult[] Results(IStudyView study) =>
        [.. study.Trials.Where(t => !t.IsPending)
            .Select(t => new RaceResult(Key(t).Candidate, Key(t).Block,
                t.State == TrialState.Completed && t.IsFeasible ? t.Losses[0] : double.PositiveInfinity))];

    private static (int Candidate, int Block) Key(Trial t) => (t.Configuration.GetInt("candidate"), t.Configuration.GetInt("repeat"));
}
