using AutoPeft.Randomness;
using AutoPeft.Spaces;

namespace AutoPeft.Samplers;

/// <summary>
/// Variation operators over mixed, conditional spaces. Results keep the hard constraints; what cannot be repaired is drawn afresh.
/// </summary>
internal static class Evolution
{
    private const int Tries = 32;

    /// <summary>
    /// Each parameter from one parent or the other; numbers may also fall between (simulated binary crossover, Deb and Agrawal 1995, η =
    /// 20). Children of a condition come with their parent parameter, so that no branch is mixed from two methods.
    /// </summary>
    public static Configuration Cross(SearchSpace space, Configuration a, Configuration b, Philox random)
    {
        var codes = new double[space.Count];
        var fromA = new bool[space.Count];
        foreach (int i in space.ParentsFirst)
        {
            int parent = space.ParentOf(i);
            double x = a.Codes[i], y = b.Codes[i];
            fromA[i] = random.NextDouble() < 0.5;
            if (parent >= 0 && (double.IsNaN(x) || double.IsNaN(y))) fromA[i] = fromA[parent];
            codes[i] = fromA[i] ? x : y;
            if (double.IsNaN(codes[i])) codes[i] = double.IsNaN(x) ? y : x;
            Parameter p = space.Parameters[i];
            if (double.IsNaN(x) || double.IsNaN(y) || x == y || !IsNumber(p) || random.NextDouble() < 0.5) continue;
            double u = random.NextDouble(), spread = u <= 0.5 ? Math.Pow(2 * u, 1 / 21.0) : Math.Pow(1 / (2 * (1 - u)), 1 / 21.0);
            double ux = p.ToUnit(x), uy = p.ToUnit(y), sign = fromA[i] ? 1 : -1;
            codes[i] = p.FromUnit(0.5 * (ux + uy + sign * spread * (ux - uy)));
        }
        return Complete(space, codes, random);
    }

    /// <summary>
    /// Every active parameter with probability <paramref name="rate"/>, at least one: numbers by polynomial mutation (Deb 2001, η =
    /// <paramref name="eta"/>), others drawn afresh.
    /// </summary>
    public static Configuration Mutate(SearchSpace space, Configuration from, double rate, double eta, Philox random)
    {
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            double[] codes = from.Codes.ToArray();
            int forced = random.NextInt(codes.Length);
            while (double.IsNaN(codes[forced])) forced = random.NextInt(codes.Length);
            for (int i = 0; i < codes.Length; i++)
            {
                if (double.IsNaN(codes[i]) || i != forced && random.NextDouble() >= rate) continue;
                codes[i] = Change(space.Parameters[i], codes[i], eta, random);
            }
            Configuration c = Complete(space, codes, random);
            if (space.IsFeasible(c) && !c.Equals(from)) return c;
        }
        return space.Sample(random);
    }

    /// <summary>Another value of one parameter.</summary>
    private static double Change(Parameter p, double code, double eta, Philox random)
    {
        if (p.Cardinality == 1) return code;
        if (!IsNumber(p))
        {
            double other = p.Sample(random);
            for (int i = 0; i < 8 && other == code; i++) other = p.Sample(random);
            return other;
        }
        double u = random.NextDouble(), step = u < 0.5 ? Math.Pow(2 * u, 1 / (eta + 1)) - 1 : 1 - Math.Pow(2 * (1 - u), 1 / (eta + 1));
        double moved = p.FromUnit(Math.Clamp(p.ToUnit(code) + step, 0, 1));
        if (moved != code || p.Cardinality is not { } n) return moved;
        // A step that rounds away would be no mutation: go to a neighbour.
        long index = p.IndexOf(code) + (step < 0 ? -1 : 1);
        return p.CodeAt(index < 0 ? 1 : index >= n ? n - 2 : index);
    }

    /// <summary>Fills parameters that changes of their parents bring to life.</summary>
    public static Configuration Complete(SearchSpace space, double[] codes, Philox random)
    {
        foreach (int i in space.ParentsFirst)
            if (!space.IsActive(i, codes)) codes[i] = double.NaN;
            else if (double.IsNaN(codes[i])) codes[i] = space.Parameters[i].Sample(random);
        return space.FromCodes(codes);
    }

    private static bool IsNumber(Parameter p) => p is FloatParameter or IntParameter or OrdinalParameter;
}
