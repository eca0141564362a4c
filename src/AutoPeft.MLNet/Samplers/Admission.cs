using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.MLNet.Samplers;

/// <summary>What ML.NET's tuners do not know: hard constraints, pending trials, and that a trial is not worth running twice.</summary>
internal sealed class Admission
{
    private const int Draws = 64;
    private const long EnumerateUpTo = 20_000;

    private readonly SearchSpace _space;
    private readonly HashSet<Configuration> _seen;

    public Admission(IStudyView study)
    {
        _space = study.Definition.Space;
        _seen = [.. study.Trials.Select(t => t.Configuration)];
    }

    /// <summary>
    /// The configuration if it is feasible and new; else a neighbour that is, else a random one; a repeat only where nothing new is left
    /// (or none is found in a space too large to list).
    /// </summary>
    /// <exception cref="InvalidInputException">The hard constraints leave nothing.</exception>
    public Configuration Admit(Configuration proposed, Philox random)
    {
        if (!_space.IsFeasible(proposed) || _seen.Contains(proposed))
        {
            Configuration[] near = [.. _space.NeighboursOf(proposed, random).Where(c => !_seen.Contains(c))];
            proposed = near.Length > 0 ? near[random.NextInt(near.Length)] : Draw(random);
        }
        _seen.Add(proposed);
        return proposed;
    }

    private Configuration Draw(Philox random)
    {
        Configuration c = _space.Sample(random);
        for (int i = 0; i < Draws && _seen.Contains(c); i++) c = _space.Sample(random);
        if (!_seen.Contains(c) || _space.Cardinality is not { } n || n > EnumerateUpTo) return c;
        Configuration[] left = [.. _space.Enumerate().Where(m => !_seen.Contains(m))];
        return left.Length > 0 ? left[random.NextInt(left.Length)] : c;
    }
}
