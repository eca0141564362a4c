using AutoPeft.Randomness;

namespace AutoPeft.Spaces;

/// <summary>The one-exchange neighbourhood that local search walks.</summary>
public static class Neighbours
{
    /// <summary>Gaussian steps for each float and each int, as in SMAC (Hutter et al., LION 2011, section 4.3).</summary>
    private const int NumericSteps = 4;

    /// <summary>Standard deviation of such a step as a share of the range, on the parameter's scale; also SMAC's.</summary>
    private const double Spread = 0.2;

    // A step that falls on the same value or breaks a constraint is drawn again this often before it is given up.
    private const int Redraws = 10;

    /// <summary>
    /// Configurations that differ from <paramref name="configuration"/> in one active parameter, and in what this change activates or ends:
    /// every other choice of a categorical or bool, one rank up and down of an ordinal, Gaussian steps of a float, Gaussian steps and one
    /// up and down of an int, and of a subset one item more or less or one exchanged for another. Children that a change activates are
    /// drawn uniformly.
    /// </summary>
    /// <param name="space">The space of the configuration.</param>
    /// <param name="configuration">The centre; need not be feasible itself.</param>
    /// <param name="random">Draws the steps and the children.</param>
    /// <returns>Feasible, distinct, without the centre; in the order of the parameters.</returns>
    public static IReadOnlyList<Configuration> NeighboursOf(this SearchSpace space, Configuration configuration, Philox random)
    {
        var neighbourhood = new Neighbourhood(space, configuration, random);
        for (int i = 0; i < space.Count; i++)
            if (!double.IsNaN(configuration.Codes[i])) neighbourhood.AddAll(i, configuration.Codes[i]);
        return neighbourhood.Found;
    }

    /// <summary>What has been found around one configuration.</summary>
    private sealed class Neighbourhood(SearchSpace space, Configuration centre, Philox random)
    {
        private readonly HashSet<Configuration> _seen = [centre];

        /// <summary>Feasible and distinct, in the order of the parameters.</summary>
        public List<Configuration> Found { get; } = [];

        /// <summary>Adds the neighbours that differ in one parameter.</summary>
        public void AddAll(int index, double code)
        {
            switch (space.Parameters[index])
            {
                case FloatParameter f:
                    GaussianSteps(f, index, code);
                    break;
                case IntParameter n:
                    OneUpAndDown(n, index, code);
                    GaussianSteps(n, index, code);
                    break;
                case OrdinalParameter o:
                    OneUpAndDown(o, index, code);
                    break;
                case SubsetParameter s:
                    foreach (double other in Exchanges(s, (ulong)code, random)) Add(index, other);
                    break;
                case { } p:
                    for (long k = 0; k < p.Cardinality; k++)
                        if (p.CodeAt(k) != code) Add(index, p.CodeAt(k));
                    break;
            }
        }

        private bool Add(int index, double code)
        {
            Configuration next = Change(space, centre, index, code, random);
            if (!space.IsFeasible(next) || !_seen.Add(next)) return false;
            Found.Add(next);
            return true;
        }

        private void OneUpAndDown(Parameter p, int index, double code)
        {
            long at = p.IndexOf(code);
            if (at > 0) Add(index, p.CodeAt(at - 1));
            if (at < p.Cardinality - 1) Add(index, p.CodeAt(at + 1));
        }

        private void GaussianSteps(Parameter p, int index, double code)
        {
            if (p.Cardinality == 1) return;
            for (int step = 0; step < NumericSteps; step++)
            {
                for (int tries = 0; tries < Redraws; tries++)
                {
                    double unit = p.ToUnit(code) + Spread * random.NextNormal();
                    // Outside the range is drawn again, not clamped: the ends would be proposed far too often.
                    if (unit is >= 0 and <= 1 && Add(index, p.FromUnit(unit))) break;
                }
            }
        }
    }

    /// <summary>One item more, one less, and each member exchanged once for an item that is not.</summary>
    private static IEnumerable<double> Exchanges(SubsetParameter s, ulong mask, Philox random)
    {
        for (int item = 0; item < s.Items.Length; item++)
            if (s.IsValid(mask ^ 1UL << item)) yield return mask ^ 1UL << item;
        int[] outside = [.. Enumerable.Range(0, s.Items.Length).Where(item => (mask >> item & 1) == 0)];
        if (outside.Length == 0) yield break;
        for (int item = 0; item < s.Items.Length; item++)
            if ((mask >> item & 1) == 1) yield return mask ^ 1UL << item ^ 1UL << outside[random.NextInt(outside.Length)];
    }

    private static Configuration Change(SearchSpace space, Configuration from, int index, double code, Philox random)
    {
        double[] codes = from.Codes.ToArray();
        codes[index] = code;
        foreach (int i in space.ParentsFirst)
        {
            if (!space.IsActive(i, codes)) codes[i] = double.NaN;
            else if (double.IsNaN(codes[i])) codes[i] = space.Parameters[i].Sample(random);
        }
        return new Configuration(space, codes);
    }
}
