using AutoPeft.Randomness;
using AutoPeft.Samplers.Numerics;
using AutoPeft.Spaces;

namespace AutoPeft.Analysis.Importance;

/// <summary>
/// A space as independent uniform coordinates, which is what a variance decomposition needs. Every parameter has a coordinate, whether it
/// is active or not; the configuration at a point leaves out what its conditions make inactive. So the decomposition is exact for
/// conditional spaces too, and a parameter that is seldom active explains little. Hard constraints are not looked at: they make the
/// parameters dependent, and shares of variance then do not add up.
/// </summary>
internal sealed class ProductDomain
{
    private readonly SobolSequence _sequence;
    private readonly Philox _rest;
    private readonly int _covered;

    /// <param name="space">The space.</param>
    /// <param name="points">Independent points wanted at each index: 2 for pick-freeze designs.</param>
    /// <param name="random">Source of the scrambling.</param>
    public ProductDomain(SearchSpace space, int points, Philox random)
    {
        Space = space;
        _covered = Math.Min(points * space.Count, SobolSequence.MostDimensions);
        _sequence = new SobolSequence(_covered, random);
        _rest = random;
    }

    /// <summary>The space.</summary>
    public SearchSpace Space { get; }

    /// <summary>
    /// The coordinates at an index of the quasi-random sequence: points × parameters of them, on [0, 1). Dimensions beyond the table are
    /// drawn at random.
    /// </summary>
    public void Point(int index, Span<double> coordinates)
    {
        _sequence.Point((uint)index, coordinates[.._covered]);
        for (int i = _covered; i < coordinates.Length; i++) coordinates[i] = _rest.NextDouble();
    }

    /// <summary>The configuration at a point.</summary>
    public void Codes(ReadOnlySpan<double> coordinates, Span<double> codes)
    {
        foreach (int i in Space.ParentsFirst)
            codes[i] = Space.IsActive(i, codes) ? Space.Parameters[i].Quantile(coordinates[i]) : double.NaN;
    }
}
