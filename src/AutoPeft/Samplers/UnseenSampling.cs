using AutoPeft.Randomness;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers;

/// <summary>Random configurations that were not proposed before, as long as there are any.</summary>
internal static class UnseenSampling
{
    /// <summary>Draws before a space is taken for used up; more where the space has no end, since one branch of it may be.</summary>
    private const int Tries = 64, TriesInEndless = 2_000;

    private const long EnumerateUpTo = 20_000;

    /// <summary>Every configuration that was ever proposed in the study.</summary>
    public static HashSet<Configuration> Seen(IStudyView study)
    {
        var seen = new HashSet<Configuration>(study.Trials.Count);
        foreach (Trial t in study.Trials) seen.Add(t.Configuration);
        return seen;
    }

    /// <summary>
    /// Every configuration that was ever proposed, or nothing where two independent draws are never equal: with a continuous parameter that
    /// is always active. A conditional one is not enough, since the configurations without it are drawn again and again.
    /// </summary>
    public static HashSet<Configuration> SeenWhereDrawsRepeat(IStudyView study)
    {
        SearchSpace space = study.Definition.Space;
        for (int i = 0; i < space.Count; i++)
            if (space.ParentOf(i) < 0 && space.Parameters[i].Cardinality is null) return [];
        return Seen(study);
    }

    /// <summary>
    /// A random member of the space outside <paramref name="taken"/>; any member where none is left (or none is found in a space too large
    /// to list).
    /// </summary>
    public static Configuration Draw(SearchSpace space, HashSet<Configuration> taken, Philox random)
    {
        Configuration c = space.Sample(random);
        for (int i = 0; i < Tries && taken.Contains(c); i++) c = space.Sample(random);
        if (!taken.Contains(c)) return c;
        if (space.Cardinality is not { } n || n > EnumerateUpTo)
        {
            for (int i = 0; i < TriesInEndless && taken.Contains(c); i++) c = space.Sample(random);
            return c;
        }
        Configuration[] left = [.. space.Enumerate().Where(m => !taken.Contains(m))];
        return left.Length > 0 ? left[random.NextInt(left.Length)] : c;
    }
}
