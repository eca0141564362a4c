using System.Globalization;

namespace AutoPeft.Parametrization;

/// <summary>
/// The numbered lists of equal blocks in a model, read off its parameters' names: "layers." has 12 entries where "layers.0.…" to
/// "layers.11.…" hold tensors of the same names and shapes. They are how depth is recognised.
/// </summary>
internal sealed class BlockLists
{
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <param name="tensors">Names and shapes.</param>
    public BlockLists(IEnumerable<(string Name, IReadOnlyList<long> Shape)> tensors)
    {
        var lists = new Dictionary<string, SortedDictionary<int, List<string>>>(StringComparer.Ordinal);
        foreach (var (name, shape) in tensors)
        {
            foreach (var (prefix, index, rest) in Positions(name))
            {
                if (!lists.TryGetValue(prefix, out SortedDictionary<int, List<string>>? list)) lists[prefix] = list = [];
                if (!list.TryGetValue(index, out List<string>? block)) list[index] = block = [];
                block.Add(rest + " " + string.Join(',', shape));
            }
        }
        foreach (var (prefix, list) in lists)
        {
            bool whole = list.Keys.SequenceEqual(Enumerable.Range(0, list.Count));
            bool equal = list.Values.All(block => block.Order().SequenceEqual(list.Values.First().Order()));
            if (whole && equal) _counts[prefix] = list.Count;
        }
    }

    /// <summary>Prefixes, such as "layers.", with how many equal blocks each has.</summary>
    public IReadOnlyDictionary<string, int> Counts => _counts;

    /// <summary>Every place in a name where a number stands: what comes before it, the number, what follows.</summary>
    public static IEnumerable<(string Prefix, int Index, string Tail)> Positions(string name)
    {
        string[] parts = name.Split('.');
        for (int i = 0; i < parts.Length - 1; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out int index)) continue;
            string prefix = string.Join('.', parts[..i]);
            yield return (prefix.Length == 0 ? "" : prefix + ".", index, "." + string.Join('.', parts[(i + 1)..]));
        }
    }
}
