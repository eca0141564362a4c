using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers;

/// <summary>
/// The first trials of a model-based sampler: the middle of the space (people put ranges around what they believe in, as Vizier's default
/// does), then scrambled Sobol' points.
/// </summary>
internal sealed class StartupDesign(SearchSpace space, ulong seed, int length)
{
    private readonly QuasiRandomDesign _design = new(space, seed);

    /// <summary>
    /// The configuration of trial <paramref name="number"/>, unlike any in <paramref name="taken"/> while there are others.
    /// </summary>
    public Configuration At(int number, HashSet<Configuration> taken, Philox random, out string note)
    {
        if (number == 0 && Centre() is { } centre && !taken.Contains(centre))
        {
            note = "centre (start-up)";
            return centre;
        }
        note = number < length ? "Sobol (start-up)" : "Sobol: too few results for a model";
        int index = number;
        return _design.Next(ref index, taken, random);
    }

    /// <summary>The middle of every parameter, or a person's mean; null where that breaks a constraint.</summary>
    private Configuration? Centre()
    {
        var codes = new double[space.Count];
        foreach (int i in space.ParentsFirst)
        {
            Parameter p = space.Parameters[i];
            codes[i] = !space.IsActive(i, codes) ? double.NaN : p.Prior switch
            {
                NormalPrior n => Enumerable.Range(0, 101).Select(k => p.FromUnit(k / 100.0)).MaxBy(c => PriorDensity.LogPrior(p, c)),
                WeightsPrior w => p.CodeAt(w.Weights.IndexOf(w.Weights.Max())),
                _ => p.FromUnit(0.5),
            };
        }
        Configuration centre = space.FromCodes(codes);
        return space.IsFeasible(centre) ? centre : null;
    }
}
