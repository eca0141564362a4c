using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers.PopulationTraining;

/// <summary>
/// PBT's way to explore (Jaderberg et al. 2017, section 3): every explored parameter is drawn afresh with some probability; else a number
/// is multiplied by 0.8 or 1.2, an ordinal goes one up or down, and a choice, a switch or a subset goes to a neighbour.
/// </summary>
internal static class Perturbation
{
    /// <summary>The paper's factors.</summary>
    public const double Down = 0.8, Up = 1.2;

    private const int Tries = 32;

    /// <summary>A perturbed configuration that keeps the hard constraints; <paramref name="from"/> itself where none is found.</summary>
    /// <param name="from">The parent's.</param>
    /// <param name="explored">Positions of the parameters that may change.</param>
    /// <param name="resample">Probability that one is drawn afresh.</param>
    /// <param name="random">The ask's stream.</param>
    public static Configuration Of(Configuration from, IReadOnlyList<int> explored, double resample, Philox random)
    {
        SearchSpace space = from.Space;
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            double[] codes = from.Codes.ToArray();
            foreach (int i in explored)
                if (!double.IsNaN(codes[i]))
                    codes[i] = random.NextDouble() < resample
                        ? space.Parameters[i].Sample(random)
                        : Neighbour(space.Parameters[i], codes[i], random);
            Configuration c = Evolution.Complete(space, codes, random);
            if (space.IsFeasible(c)) return c;
        }
        return from;
    }

    private static double Neighbour(Parameter p, double code, Philox random)
    {
        bool up = random.NextDouble() < 0.5;
        switch (p)
        {
            case FloatParameter f:
                return Math.Clamp(code * (up ? Up : Down), f.Low, f.High);
            case IntParameter n:
                // A small whole number times 1.2 is itself: it moves by one step at least.
                double moved = n.Low + Math.Round((code * (up ? Up : Down) - n.Low) / n.Step) * n.Step;
                if (moved == code) moved += up ? n.Step : -n.Step;
                return Math.Clamp(moved, n.Low, n.High);
            case OrdinalParameter o:
                return Math.Clamp(code + (up ? 1 : -1), 0, o.Values.Length - 1);
            case SubsetParameter s:
                double flipped = (ulong)code ^ 1UL << random.NextInt(s.Items.Length);
                return s.IsValid(flipped) ? flipped : code;
            default:
                if (p.Cardinality is not { } choices || choices == 1) return code;
                // Any other choice, all alike: names have no order.
                return p.CodeAt((p.IndexOf(code) + 1 + random.NextInt((int)choices - 1)) % choices);
        }
    }
}
