using AutoPeft.Randomness;
using AutoPeft.Samplers.Numerics;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>
/// The n-th point of a scrambled Sobol' design over a space: even coverage of every parameter and pair of parameters, conditions and
/// constraints kept. A pure function of the study's seed and n.
/// </summary>
internal sealed class QuasiRandomDesign
{
    private readonly SearchSpace _space;
    private readonly SobolSequence _sequence;
    private readonly ulong _seed;
    private readonly int _covered;

    /// <param name="space">What to cover.</param>
    /// <param name="seed">The study's seed.</param>
    public QuasiRandomDesign(SearchSpace space, ulong seed)
    {
        (_space, _seed) = (space, seed);
        // The table ends; parameters beyond it are drawn at random (in so many dimensions nobody can tell).
        _covered = Math.Min(space.Count, SobolSequence.MostDimensions);
        _sequence = new SobolSequence(_covered, new Philox(seed, 0, StreamPurpose.Scramble));
    }

    /// <summary>
    /// The configuration of index <paramref name="index"/>, or null where that point of the sequence breaks a hard constraint.
    /// </summary>
    public Configuration? At(int index)
    {
        var point = new double[_space.Count];
        _sequence.Point((uint)index, point.AsSpan(0, _covered));
        if (_covered < point.Length)
        {
            var rest = new Philox(_seed, (ulong)index, StreamPurpose.Scramble);
            for (int j = _covered; j < point.Length; j++) point[j] = rest.NextDouble();
        }
        var codes = new double[_space.Count];
        foreach (int i in _space.ParentsFirst) codes[i] = _space.IsActive(i, codes) ? _space.Parameters[i].Quantile(point[i]) : double.NaN;
        Configuration c = _space.FromCodes(codes);
        return _space.IsFeasible(c) ? c : null;
    }

    /// <summary>
    /// The first configuration at or after <paramref name="index"/> that keeps the constraints and is not among <paramref name="taken"/>,
    /// and where the search for it ended; a random one where 256 points in a row do not serve.
    /// </summary>
    public Configuration Next(ref int index, HashSet<Configuration> taken, Philox random)
    {
        for (int tries = 0; tries < 256; tries++)
            if (At(index++) is { } c && !taken.Contains(c)) return c;
        return UnseenSampling.Draw(_space, taken, random);
    }
}
