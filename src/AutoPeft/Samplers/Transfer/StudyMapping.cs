using System.Collections.Immutable;
using AutoPeft.Spaces;
using AutoPeft.Studies;

namespace AutoPeft.Samplers.Transfer;

/// <summary>
/// How trials of an earlier study become points of another: parameters and objectives by name. What maps is used, what does not is named.
/// </summary>
internal sealed class StudyMapping
{
    private readonly SearchSpace _from;
    private readonly SearchSpace _to;
    private readonly int[] _source;
    private readonly double[] _middle;

    /// <exception cref="InvalidInputException">No parameter of the earlier study exists in the new one.</exception>
    public StudyMapping(StudyDefinition earlier, StudyDefinition target)
    {
        (_from, _to) = (earlier.Space, target.Space);
        _source = [.. _to.Parameters.Select(p => _from.Contains(p.Name) ? _from.IndexOf(p.Name) : -1)];
        _middle = [.. _to.Parameters.Select(p => p.FromUnit(0.5))];
        Unknown = [.. _to.Parameters.Where((_, i) => _source[i] < 0).Select(p => p.Name)];
        Unused = [.. _from.Parameters.Where(p => !_to.Contains(p.Name)).Select(p => p.Name)];
        if (Unknown.Length == _to.Count)
            throw new InvalidInputException(
                $"'{earlier.Name}' shares no parameter with '{target.Name}': it has {Short(Unused)}; wanted are {Short(Unknown)}.");
        Objectives = [.. target.Objectives.Select(
            o => earlier.Objectives.IndexOf(earlier.Objectives.FirstOrDefault(e => e.Name == o.Name && e.Direction == o.Direction)!))];
        UnknownObjectives = [.. target.Objectives.Where((_, j) => Objectives[j] < 0).Select(o => o.Name)];
    }

    /// <summary>Parameters of the new study that the earlier one says nothing of; they take their middle value.</summary>
    public ImmutableArray<string> Unknown { get; }

    /// <summary>Parameters of the earlier study that the new one has not.</summary>
    public ImmutableArray<string> Unused { get; }

    /// <summary>For each objective of the new study its index in the earlier one, or −1.</summary>
    public ImmutableArray<int> Objectives { get; }

    /// <summary>Objectives of the new study that the earlier one did not measure in the same direction.</summary>
    public ImmutableArray<string> UnknownObjectives { get; }

    /// <summary>Trials with a value that the new space has not, or that break one of its constraints.</summary>
    public int Left { get; private set; }

    /// <summary>Numbers that were moved to the end of the new space's range.</summary>
    public int Moved { get; private set; }

    /// <summary>The point of the new space, or null where a choice does not exist there or a constraint is broken.</summary>
    public Configuration? Map(Configuration earlier)
    {
        var codes = new double[_to.Count];
        foreach (int i in _to.ParentsFirst)
        {
            codes[i] = double.NaN;
            if (!_to.IsActive(i, codes)) continue;
            Parameter p = _to.Parameters[i];
            object? value = _source[i] < 0 ? null : earlier.ValueAt(_source[i]);
            if (value is null) { codes[i] = _middle[i]; continue; }
            try { codes[i] = p.FromValue(value); }
            catch (InvalidInputException)
                when (p is FloatParameter or IntParameter or OrdinalParameter && ValueText.TryNumber(value, out double number))
            {
                ValueText.TryNumber(value, out number);
                codes[i] = p is OrdinalParameter o ? Nearest(o, number) : p.FromUnit(p.ToUnit(number));
                Moved++;
            }
            catch (InvalidInputException)
            {
                Left++;
                return null;
            }
        }
        Configuration mapped = _to.FromCodes(codes);
        if (_to.IsFeasible(mapped)) return mapped;
        Left++;
        return null;
    }

    /// <summary>One line: what is used and what is not.</summary>
    public string Describe(string name)
    {
        var parts = new List<string> { $"{_to.Count - Unknown.Length} of {_to.Count} parameters map" };
        if (Unknown.Length > 0) parts.Add($"it says nothing of {Short(Unknown)}");
        if (Unused.Length > 0) parts.Add($"its {Short(Unused)} are not used");
        if (UnknownObjectives.Length > 0) parts.Add($"it did not measure {Short(UnknownObjectives)}");
        if (Moved > 0) parts.Add($"{Moved} values lie outside and were moved to the nearest");
        if (Left > 0) parts.Add($"{Left} trials do not fit and were left out");
        return $"{name}: {string.Join("; ", parts)}";
    }

    private static double Nearest(OrdinalParameter p, double number) =>
        Enumerable.Range(0, (int)p.Cardinality!.Value).Select(k => p.CodeAt(k))
            .MinBy(c => ValueText.TryNumber(p.ToValue(c), out double v) ? Math.Abs(v - number) : double.PositiveInfinity);

    private static string Short(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(12)) + (names.Count > 12 ? $" and {names.Count - 12} more" : "");
}
