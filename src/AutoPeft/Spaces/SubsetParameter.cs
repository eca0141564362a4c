using System.Collections.Immutable;
using System.Numerics;

namespace AutoPeft.Spaces;

/// <summary>
/// Any subset of a list of items with at least <see cref="MinSize"/> and at most <see cref="MaxSize"/> members, such as the linear maps
/// that LoRA targets. The code is the bit mask (item i is bit i), exact in a double; at most 50 items, so that a subset also survives the
/// way to [0, 1] and back.
/// </summary>
public sealed record SubsetParameter : Parameter
{
    private readonly long _cardinality;

    /// <exception cref="InvalidInputException">No items, more than 50, an empty one, the same one twice, or sizes that nothing
    /// satisfies.</exception>
    public SubsetParameter(string name, IEnumerable<string> items, int minSize = 0, int? maxSize = null) : base(name)
    {
        Items = [.. items];
        MinSize = minSize;
        MaxSize = maxSize ?? Items.Length;
        if (Items.Length is 0 or > 50)
            throw new InvalidInputException($"Parameter '{name}': a subset takes 1 to 50 items, not {Items.Length}.");
        if (Items.Any(string.IsNullOrEmpty)) throw new InvalidInputException($"Parameter '{name}': an item is empty.");
        if (Items.GroupBy(c => c).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"Parameter '{name}': item '{twice.Key}' stands twice.");
        if (MinSize < 0 || MinSize > MaxSize || MaxSize > Items.Length)
            throw new InvalidInputException($"Parameter '{name}': no subset of {Items.Length} items has {MinSize} to {MaxSize} members.");
        for (int k = MinSize; k <= MaxSize; k++) _cardinality += Choose(Items.Length, k);
    }

    /// <summary>Items of which the parameter chooses a subset.</summary>
    public ImmutableArray<string> Items { get; }

    /// <summary>Fewest members; 0 unless stated.</summary>
    public int MinSize { get; }

    /// <summary>Largest number of items that a value may hold. Default: all items.</summary>
    public int MaxSize { get; }

    /// <inheritdoc/>
    public override long? Cardinality => _cardinality;

    /// <inheritdoc/>
    public override bool IsOrdered => false;

    /// <inheritdoc/>
    public override bool IsValid(double code)
    {
        if (!(code >= 0) || code >= Math.Pow(2, Items.Length) || code != Math.Floor(code)) return false;
        int size = BitOperations.PopCount((ulong)code);
        return size >= MinSize && size <= MaxSize;
    }

    /// <inheritdoc/>
    public override double ToUnit(double code) => Cardinality == 1 ? 0.5 : IndexOf(code) / (double)(Cardinality!.Value - 1);

    /// <inheritdoc/>
    public override double FromUnit(double unit)
    {
        unit = Math.Clamp(unit, 0, 1);
        // Equal widths; beyond a million subsets a division's rounding would spoil the inverse, and half a share more or less at the ends
        // is nothing.
        long index = _cardinality <= 1 << 20 ? (long)(unit * _cardinality) : (long)Math.Round(unit * (_cardinality - 1));
        return CodeAt(Math.Min(index, _cardinality - 1));
    }

    /// <summary>Subsets by size, then by the combinatorial number system (colexicographic order).</summary>
    public override double CodeAt(long index)
    {
        int k = MinSize;
        for (; k < MaxSize && index >= Choose(Items.Length, k); k++) index -= Choose(Items.Length, k);
        ulong mask = 0;
        for (int i = Items.Length - 1; i >= 0 && k > 0; i--)
        {
            long below = Choose(i, k);
            if (index < below) continue;
            index -= below;
            mask |= 1UL << i;
            k--;
        }
        return mask;
    }

    /// <inheritdoc/>
    public override long IndexOf(double code)
    {
        ulong mask = (ulong)code;
        int size = BitOperations.PopCount(mask);
        long index = 0;
        for (int k = MinSize; k < size; k++) index += Choose(Items.Length, k);
        int seen = 0;
        for (int i = 0; i < Items.Length; i++)
            if ((mask >> i & 1) == 1) index += Choose(i, ++seen);
        return index;
    }

    /// <inheritdoc/>
    public override object ToValue(double code) => Items.Where((_, i) => ((ulong)code >> i & 1) == 1).ToImmutableArray();

    /// <inheritdoc/>
    public override double FromValue(object? value)
    {
        if (value is not IEnumerable<string> list) throw Refuse(value);
        ulong mask = 0;
        foreach (string item in list)
        {
            int i = Items.IndexOf(item);
            if (i < 0) throw Refuse(value);
            mask |= 1UL << i;
        }
        return IsValid(mask) ? mask : throw Refuse(value);
    }

    /// <inheritdoc/>
    public override string Domain => $"{MinSize} to {MaxSize} of " + string.Join(", ", Items.Select(c => $"'{c}'"));

    /// <inheritdoc/>
    public bool Equals(SubsetParameter? other) =>
        other is not null && base.Equals(other) && MinSize == other.MinSize && MaxSize == other.MaxSize && Items.SequenceEqual(other.Items);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Items.Length, MinSize, MaxSize);

    private static long Choose(int n, int k)
    {
        if (k < 0 || k > n) return 0;
        long c = 1;
        for (int i = 1; i <= k; i++) c = c * (n - k + i) / i;
        return c;
    }
}
