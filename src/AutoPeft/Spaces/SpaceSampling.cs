using AutoPeft.Randomness;

namespace AutoPeft.Spaces;

/// <summary>Draws configurations that keep the hard constraints, by a bounded search.</summary>
internal static class SpaceSampling
{
    // Enough for constraints that one point in a thousand keeps; beyond that the repair walk takes over.
    private const int RejectionTries = 2_000;
    private const int RepairWalks = 50;
    private const int RepairSteps = 400;
    private const long EnumerateUpTo = 50_000;

    /// <summary>See <see cref="SearchSpace.Sample"/>.</summary>
    public static Configuration Sample(SearchSpace space, Philox random)
    {
        Configuration c = Draw(space, random);
        if (space.Constraints.IsEmpty) return c;
        var broken = new Dictionary<Constraint, int>();
        for (int i = 0; i < RejectionTries; i++)
        {
            if (space.BrokenBy(c) is not { } first) return c;
            broken[first] = broken.GetValueOrDefault(first) + 1;
            c = Draw(space, random);
        }
        Constraint worst = broken.MaxBy(b => b.Value).Key;
        if (space.Cardinality is { } n && n <= EnumerateUpTo)
        {
            Configuration[] all = [.. space.Enumerate()];
            if (all.Length > 0) return all[random.NextInt(all.Length)];
            throw new InvalidInputException($"None of the space's {n} configurations keeps the constraints; the one broken most often is "
                + $"'{worst.Text}'. Loosen it or widen its parameters.");
        }
        if (Repair(space, random) is { } repaired) return repaired;
        throw new InvalidInputException(
            $"No configuration keeps the constraints: {RejectionTries} random ones and {RepairWalks} searches found none; the one broken "
                + $"most often is '{worst.Text}'. Loosen it or widen its parameters.");
    }

    /// <summary>Uniform over the parameters, constraints not looked at.</summary>
    public static Configuration Draw(SearchSpace space, Philox random)
    {
        var codes = new double[space.Count];
        foreach (int i in space.ParentsFirst)
            codes[i] = space.IsActive(i, codes) ? space.Parameters[i].Sample(random) : double.NaN;
        return new Configuration(space, codes);
    }

    private static Configuration? Repair(SearchSpace space, Philox random)
    {
        for (int walk = 0; walk < RepairWalks; walk++)
        {
            Configuration current = Draw(space, random);
            int violations = Violations(space, current);
            for (int step = 0; step < RepairSteps && violations > 0; step++)
            {
                double[] codes = current.Codes.ToArray();
                int i = random.NextInt(space.Count);
                if (double.IsNaN(codes[i])) continue;
                // Half the moves go to an end of the range: sums and ratios are usually kept there.
                codes[i] = random.NextInt(4) switch
                {
                    0 => space.Parameters[i].FromUnit(0),
                    1 => space.Parameters[i].FromUnit(1),
                    _ => space.Parameters[i].Sample(random),
                };
                Configuration next = space.FromCodes(codes);
                int after = Violations(space, next);
                if (after <= violations) (current, violations) = (next, after);
            }
            if (violations == 0) return current;
        }
        return null;
    }

    private static int Violations(SearchSpace space, Configuration c) => space.Constraints.Count(k => !k.Holds(c));
}
