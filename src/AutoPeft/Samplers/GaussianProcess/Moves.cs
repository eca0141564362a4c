using AutoPeft.Spaces;

namespace AutoPeft.Samplers.GaussianProcess;

/// <summary>Other values of one finite parameter that a local search tries.</summary>
internal static class Moves
{
    private const int ListUpTo = 24;

    /// <summary>
    /// Every other value where they are few; else neighbours at growing distances, and for subsets every item put in, taken out or
    /// exchanged.
    /// </summary>
    public static IEnumerable<double> Of(Parameter p, double code)
    {
        if (p.Cardinality is not { } n) yield break;
        long index = p.IndexOf(code);
        if (n <= ListUpTo)
        {
            for (long k = 0; k < n; k++)
                if (k != index) yield return p.CodeAt(k);
        }
        else if (p is SubsetParameter s)
        {
            ulong mask = (ulong)code;
            for (int i = 0; i < s.Items.Length; i++)
            {
                ulong flipped = mask ^ 1UL << i;
                if (s.IsValid(flipped)) yield return flipped;
                for (int k = i + 1; k < s.Items.Length; k++)
                    if ((mask >> i & 1) != (mask >> k & 1)) yield return mask ^ 1UL << i ^ 1UL << k;
            }
        }
        else
        {
            for (long step = 1; step < n; step *= 4)
            {
                if (index + step < n) yield return p.CodeAt(index + step);
                if (index - step >= 0) yield return p.CodeAt(index - step);
            }
        }
    }
}
