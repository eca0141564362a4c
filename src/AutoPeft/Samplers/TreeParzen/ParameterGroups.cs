using AutoPeft.Spaces;

namespace AutoPeft.Samplers.TreeParzen;

/// <summary>
/// Parameters that are always active together: those without a condition, and those with the same parent and the same values of it.
/// Parents' groups come first, so that a configuration can be drawn group by group.
/// </summary>
internal static class ParameterGroups
{
    /// <summary>Positions of the parameters, group by group.</summary>
    public static int[][] Of(SearchSpace space)
    {
        var groups = new List<(int Parent, HashSet<double> Values, List<int> Members)>();
        foreach (int i in space.ParentsFirst)
        {
            int parent = space.ParentOf(i);
            HashSet<double> values = [.. space.ActiveFor(i)];
            int at = groups.FindIndex(g => g.Parent == parent && g.Values.SetEquals(values));
            if (at < 0) groups.Add((parent, values, [i]));
            else groups[at].Members.Add(i);
        }
        return [.. groups.Select(g => g.Members.ToArray())];
    }
}
